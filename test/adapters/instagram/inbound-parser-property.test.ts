import test from 'ava'
import fc from 'fast-check'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { isStorable } from '../../contracts/channel-adapter.contract.ts'
import { ACCOUNT, bytes, eventsOf, fixture, fixtureNames, parseOptions, RECEIVED_AT } from './fixtures.ts'
import { mutate, mutation } from './mutations.ts'

const RUNS = Number(process.env['PARSER_FUZZ_RUNS'] ?? 2_500)

const bodies = fixtureNames.map((name) => JSON.parse(fixture(name).toString()) as unknown)
const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 })

const neighbour = (mid: string) => ({
  sender: { id: '3300000000000001' },
  recipient: { id: ACCOUNT },
  timestamp: 1_789_000_000_123,
  message: { mid, text: 'and I am still here' },
})
const NEIGHBOUR_ENTRY = { id: ACCOUNT, time: 1_789_000_000_500, messaging: [neighbour('beside')] }
const expectedOf = (mid: string): InboundEvent =>
  eventsOf(
    instagramParser.parse(
      bytes({ object: 'instagram', entry: [{ ...NEIGHBOUR_ENTRY, messaging: [neighbour(mid)] }] }),
      parseOptions(),
    ),
  )[0] as InboundEvent

const find = (events: readonly InboundEvent[], mid: string) =>
  events.filter((event) => event.type === 'message' && String(event.externalId) === mid)

test('whatever is done to a body, its neighbours in the same delivery are read', (t) => {
  const expected = expectedOf('beside')
  fc.assert(
    fc.property(fc.constantFrom(...bodies), mutations, fc.boolean(), (body, changes, isFirst) => {
      const changed = mutate(body, changes) ?? null
      const intact = { object: 'instagram', entry: [NEIGHBOUR_ENTRY] }
      const parsed = instagramParser.parse(bytes(isFirst ? [changed, intact] : [intact, changed]), parseOptions())
      const events = eventsOf(parsed)
      t.deepEqual(find(events, 'beside'), [expected])
      return events.every((event) => isStorable(event, RECEIVED_AT))
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

test('whatever is done to an item, its neighbours in the same list are read', (t) => {
  const [before, after] = [expectedOf('before'), expectedOf('after')]
  const items = bodies.flatMap((body) => {
    const [entry] = (body as { entry?: { messaging?: unknown[]; changes?: unknown[] }[] }).entry ?? []
    return [...(entry?.messaging ?? []), ...(entry?.changes ?? [])]
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...items),
      mutations,
      fc.constantFrom('messaging', 'standby', 'changes'),
      (item, changes, list) => {
        const wrap = (mid: string) =>
          list === 'changes' ? { field: 'messages', value: neighbour(mid) } : neighbour(mid)
        const entry = { id: ACCOUNT, time: 1, [list]: [wrap('before'), mutate(item, changes) ?? null, wrap('after')] }
        const events = eventsOf(instagramParser.parse(bytes({ object: 'instagram', entry: [entry] }), parseOptions()))
        t.deepEqual(find(events, 'before'), [before])
        t.deepEqual(find(events, 'after'), [after])
        return events.every((event) => isStorable(event, RECEIVED_AT))
      },
    ),
    { numRuns: RUNS },
  )
  t.pass()
})

test('bytes of any kind are read or refused, never thrown at', (t) => {
  const cut = fc
    .tuple(fc.constantFrom(...fixtureNames), fc.nat(), fc.uint8Array({ maxLength: 8 }))
    .map(([name, at, noise]) => {
      const whole = fixture(name)
      return Buffer.concat([whole.subarray(0, at % (whole.length + 1)), noise, whole.subarray(at % (whole.length + 1))])
    })
  fc.assert(
    fc.property(fc.oneof(cut, fc.uint8Array({ maxLength: 300 })), fc.boolean(), (body, verified) => {
      const parsed = instagramParser.parse(body, parseOptions({ verified }))
      return parsed.readable
        ? eventsOf(parsed).every((event) => isStorable(event, RECEIVED_AT))
        : /^[a-z-]+$/.test(parsed.reason)
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

test('parsing one body twice gives the same', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...bodies), mutations, (body, changes) => {
      const once = bytes(mutate(body, changes) ?? null)
      t.deepEqual(instagramParser.parse(once, parseOptions()), instagramParser.parse(once, parseOptions()))
    }),
    { numRuns: 300 },
  )
  t.pass()
})

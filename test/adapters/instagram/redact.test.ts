import test from 'ava'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import { redactMessages } from '../../../src/adapters/instagram/redact.ts'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { delivery, eventsOf, fixture, fixtureNames, parseOptions } from './fixtures.ts'

const parse = (body: string) => eventsOf(instagramParser.parse(Buffer.from(body), parseOptions()))
const idOf = (event: InboundEvent) => ('externalId' in event ? [String(event.externalId)] : [])
const readable = fixtureNames.filter((name) => instagramParser.parse(fixture(name), parseOptions()).readable)

test('without a message that was taken back every body means what it meant', (t) => {
  for (const name of readable) {
    const body = fixture(name).toString()
    t.deepEqual(parse(redactMessages(body, new Set(['m.elsewhere']))), parse(body), name)
  }
})

test('a message that was taken back is still named by its body, and nothing is left of what it said', (t) => {
  for (const name of readable) {
    const body = fixture(name).toString()
    const events = parse(body).filter(({ type }) => type === 'message' || type === 'echo' || type === 'edit')
    const ids = new Set(events.flatMap(idOf).filter((id) => id.startsWith('m.')))
    const left = redactMessages(body, ids)
    for (const event of events) {
      if (!('text' in event) || !idOf(event).some((id) => ids.has(id))) continue
      const attached = 'attachments' in event ? event.attachments.flatMap(({ url, title }) => [url, title]) : []
      const context = 'context' in event ? [event.context?.mediaUrl, event.context?.payload] : []
      for (const words of [event.text, ...attached, ...context]) {
        if (words) t.false(left.includes(JSON.stringify(words).slice(1, -1)), `${name} keeps ${words}`)
      }
      t.true(left.includes(idOf(event)[0] ?? '?'), name)
    }
  }
})

test('its neighbours keep their words', (t) => {
  const item = (mid: string, text: string) => ({ message: { mid, text } })
  const both = JSON.parse(delivery(item('m.1', 'taken back')))
  both.entry[0].messaging.push({ ...both.entry[0].messaging[0], ...item('m.2', 'kept') })
  const left = redactMessages(JSON.stringify(both), new Set(['m.1']))
  t.false(left.includes('taken back'))
  t.deepEqual(
    parse(left).map((event) => ('text' in event ? event.text : null)),
    [null, 'kept'],
  )
})

test('a reply to a message that was taken back keeps its own words', (t) => {
  const body = delivery({ message: { mid: 'm.2', text: 'why?', reply_to: { mid: 'm.1' } } })
  t.deepEqual(parse(redactMessages(body, new Set(['m.1']))), parse(body))
})

test('what is no JSON leaves nothing', (t) => {
  t.is(redactMessages('{"message":', new Set(['m.1'])), '')
})

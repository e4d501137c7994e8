import test from 'ava'
import fc from 'fast-check'
import { defaultTiming } from '../../../src/adapters/http/event-stream/stream-timing.ts'
import { aMemberId } from '../../fakes/fake-views.ts'
import { startHttp } from './support/http-server.ts'
import { SseClient } from './support/sse-client.ts'
import { until } from './support/until.ts'

/** What happens while somebody watches: events for everybody, for them or for another, hints, and broken connections. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      to: fc.constantFrom('all' as const, 'me' as const, 'another' as const),
      count: fc.integer({ min: 1, max: 120 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hint' as const), named: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('break' as const), afterMs: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('database' as const), away: fc.boolean() }) },
)

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('C3: wherever a stream breaks, its reader sees what it may see exactly once and in order', async (t) => {
  const server = await startHttp({ timing: { ...defaultTiming, pollMs: 10 } })
  t.teardown(() => server.stop())

  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 50 }),
      async (steps, scan) => {
        const { memberId, orgId, token } = await server.signUp()
        server.feed.scan = scan
        const connect = (after: number) =>
          new SseClient(`${server.url}/orgs/${orgId}/events/stream`, {
            authorization: `Bearer ${token}`,
            'last-event-id': String(after),
          })
        const seen: number[] = []
        let total = 0
        let stream = connect(0)
        const breakOff = () => {
          stream.disconnect()
          seen.push(...stream.seqs)
          // As a browser does it: behind the last id that it had whole.
          stream = connect(seen.at(-1) ?? 0)
        }

        for (const one of steps) {
          if (one.do === 'append') {
            const recipient = one.to === 'all' ? null : one.to === 'me' ? memberId : aMemberId()
            for (let i = 0; i < one.count; i++) server.feed.append(orgId, recipient)
            total += one.count
          } else if (one.do === 'hint')
            server.wakeups.wake('events-numbered', one.named ? JSON.stringify([[orgId, String(total)]]) : undefined)
          else if (one.do === 'wait') await pause(one.ms)
          else if (one.do === 'database') server.feed.away = one.away
          else {
            await pause(one.afterMs)
            breakOff()
          }
        }
        server.feed.away = false
        const expected = server.feed.visibleTo(orgId, memberId)
        await until(() => {
          // Refused while the database was away: a browser tries again.
          if (stream.closed) breakOff()
          return seen.length + stream.seqs.length >= expected.length
        })
        await pause(25)
        stream.disconnect()
        seen.push(...stream.seqs)
        t.deepEqual(seen, [...expected])
      },
    ),
    { numRuns: 60 },
  )
})

import test from 'ava'
import type { Ledger } from '../../../dev/instagram-simulator/index.ts'
import { belowPromise, whileDown } from './figures.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1_000)
const webhook = (second: number, tookMs: number, ...statuses: (number | null)[]) =>
  ({
    attempts: statuses.map((status, index) => ({ sentAt: at(second + index), tookMs, status })),
  }) as unknown as Ledger['webhooks'][number]

test('what counts is the first answer to what came while exactly one server was down', (t) => {
  const periods = [
    { what: 'rabbit', from: at(10), to: at(20) },
    { what: 'postgres', from: at(15), to: at(16) },
    { what: 'api', from: at(18), to: at(19) },
  ] as const
  const webhooks = [
    webhook(5, 10, 503, 200),
    webhook(11, 10, 200),
    webhook(12, 400, 503, 200),
    webhook(15.5, 10, 503),
    // It was on its way while the api process was restarted.
    webhook(17.9, 500, null),
    webhook(21, 10, 503),
  ]
  const [postgres, rabbit] = whileDown({ webhooks }, periods)
  t.deepEqual(rabbit, { server: 'rabbit', webhooks: 2, at200: 1, p99Ms: 400 })
  t.is(postgres?.webhooks, 0)
})

test('less than 99 of 100 at once is less than promised, and so is an answer that takes longer than a second', (t) => {
  const figures = { server: 'redis', webhooks: 100, at200: 99, p99Ms: 1_000 } as const
  t.deepEqual(belowPromise([figures]), [])
  t.regex(belowPromise([{ ...figures, at200: 98 }]).join(), /Redis down 98 of 100/)
  t.regex(belowPromise([{ ...figures, p99Ms: 1_001 }]).join(), /1001 ms/)
})

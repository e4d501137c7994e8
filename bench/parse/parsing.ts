import { createHmac, timingSafeEqual } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import { verifySignature } from '../../src/adapters/instagram/signature.ts'
import type { ExternalAccountId } from '../../src/core/ids.ts'
import type { Row } from '../figures.ts'
import type { BenchOptions } from '../options.ts'

const FIXTURES = new URL('../../test/fixtures/instagram/', import.meta.url)
const ACCOUNT = '17841455500000011' as ExternalAccountId
const SECRET = 'the-secret-of-the-bench'

type Delivery = Readonly<{ body: Buffer; headers: Readonly<Record<string, string>> }>

/** Verifying and reading, on one core, of one body of every kind; the floor only checks the HMAC and parses the JSON. */
export function measureParsing(
  { rounds, events }: Pick<BenchOptions, 'rounds' | 'events'>,
  say: (line: string) => void,
): Row {
  const corpus = readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => signed(readFileSync(new URL(file, FIXTURES))))
  const eventsOf = (delivery: Delivery) => read(delivery)
  const perRun = corpus.reduce((sum, delivery) => sum + eventsOf(delivery), 0)
  const runs = Math.max(1, Math.ceil(events / perRun))
  const sides = {
    ours: () => {
      for (const delivery of corpus) eventsOf(delivery)
    },
    floor: () => {
      for (const delivery of corpus) least(delivery)
    },
  }
  const results: Record<keyof typeof sides, number[]> = { ours: [], floor: [] }
  for (const name of ['ours', 'floor'] as const) timed(sides[name], runs)
  for (let round = 1; round <= rounds; round++) {
    for (const name of round % 2 === 1 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const perSecond = (runs * perRun * 1_000) / timed(sides[name], runs)
      results[name].push(perSecond)
      say(`parse ${round}/${rounds}, ${name}: ${Math.round(perSecond)} events/s`)
    }
  }
  return {
    name: 'verify and parse, one core',
    measures: [{ what: 'throughput', unit: 'events/s', ...results, target: null }],
  }
}

function timed(work: () => void, times: number): number {
  const startedAt = performance.now()
  for (let time = 0; time < times; time++) work()
  return performance.now() - startedAt
}

const digestOf = (body: Buffer) => `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`

const signed = (body: Buffer): Delivery => ({ body, headers: { 'x-hub-signature-256': digestOf(body) } })

/** How many events there were in it. */
function read({ body, headers }: Delivery): number {
  if (verifySignature({ body, headers }, [SECRET]) !== 0) throw new Error('a signature of the bench is not valid')
  const parsed = instagramParser.parse(body, { receivedAt: new Date(), account: ACCOUNT, verified: true })
  return parsed.readable ? parsed.shares.reduce((sum, share) => sum + Math.max(1, share.events.length), 0) : 1
}

function least({ body, headers }: Delivery): void {
  const given = Buffer.from(headers['x-hub-signature-256'] ?? '')
  if (!timingSafeEqual(given, Buffer.from(digestOf(body)))) throw new Error('a signature of the bench is not valid')
  JSON.parse(body.toString())
}

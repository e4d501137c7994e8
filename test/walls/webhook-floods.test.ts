import { randomUUID } from 'node:crypto'
import test from 'ava'
import pg from 'pg'
import type { ConnectStage } from '../support/connect-stage.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { openShop, type WebhookShop, webhookStage } from './webhook-shop.ts'

const FLOOD = 1_500
const AT_ONCE = 30
/** A channel may have been changed a moment ago: it is looked up once a second for whoever signs wrongly, and its counter is written. */
const QUERIES_A_SECOND = 4

onEachProfile((profile) => {
  let stage: ConnectStage
  let shop: WebhookShop

  test.before(async (t) => {
    t.timeout(60_000)
    stage = await webhookStage(profile)
    shop = await openShop(stage)
  })
  test.after.always(() => stage?.close())

  /** What the program parses and asks the database while something happens, as far as it is about these words. */
  async function watched(words: readonly string[], work: () => Promise<void>) {
    const seen = { parsed: 0, queries: 0 }
    const isAbout = (text: unknown) => typeof text === 'string' && words.some((word) => text.includes(word))
    const { parse } = JSON
    const { query } = pg.Client.prototype
    JSON.parse = (text: string, ...more: []) => {
      if (isAbout(text)) seen.parsed++
      return parse(text, ...more)
    }
    pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
      const [first, second] = given as [unknown, unknown]
      const values = (first as { values?: unknown })?.values ?? second
      if (Array.isArray(values) && values.flat().some(isAbout)) seen.queries++
      return Reflect.apply(query, this, given)
    } as typeof query
    try {
      await work()
    } finally {
      JSON.parse = parse
      pg.Client.prototype.query = query
    }
    return seen
  }

  test.serial(
    `S49: ${profile}: of a flood of unsigned bodies none is parsed, asks the database or has a line of its own, and all are counted`,
    async (t) => {
      t.timeout(90_000)
      await shop.settled()
      const { badSignatures } = await shop.health()
      const kept = await shop.count('raw_events')
      const marker = `flood-${randomUUID()}`
      const flood = shop.bodyOf(shop.item({ message: { mid: marker, text: marker } }))
      const wrong = [{}, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, { 'x-hub-signature-256': 'sha256=' }]
      const statuses = new Map<number, number>()
      const signed: number[] = []
      const told = stage.log.lines.length
      const startedAt = performance.now()
      const seen = await watched([marker, shop.channel.id], async () => {
        let sent = 0
        const sender = async () => {
          while (sent < FLOOD) {
            const { status } = await shop.post(flood, wrong[sent++ % wrong.length])
            statuses.set(status, (statuses.get(status) ?? 0) + 1)
          }
        }
        await Promise.all(Array.from({ length: AT_ONCE }, sender))
      })
      const seconds = (performance.now() - startedAt) / 1_000
      t.deepEqual([...statuses], [[401, FLOOD]])
      t.is(seen.parsed, 0)
      t.true(seen.queries <= QUERIES_A_SECOND * (seconds + 1), `${seen.queries} queries in ${seconds} s`)
      const lines = stage.log.lines.slice(told).filter(({ fields }) => fields['event'] === 'signature.refused')
      t.true(lines.length >= 1 && lines.length <= 1 + seconds / 60, `${lines.length} lines`)
      await waitFor(async () => (await shop.health()).badSignatures === badSignatures + FLOOD, 15_000)
      t.is(await shop.count('raw_events'), kept)

      // Between them a right one is taken as ever.
      const beside = Array.from({ length: AT_ONCE * 4 }, () => shop.post(flood))
      for (let count = 0; count < 5; count++) signed.push((await shop.signed(shop.bodyOf(shop.item()))).status)
      await Promise.all(beside)
      t.deepEqual(signed, Array(5).fill(200))
      t.log(`${Math.round(FLOOD / seconds)} refused a second, ${seen.queries} queries`)
    },
  )

  test.serial(`S49: ${profile}: whoever invents channels has no line for each either`, async (t) => {
    const told = stage.log.lines.length
    for (let count = 0; count < 60; count++) {
      const { status } = await shop.post('{}', {}, `/webhook/${randomUUID()}`)
      t.is(status, 404)
    }
    const lines = stage.log.lines.slice(told).filter(({ fields }) => fields['result'] === 'unknown-channel')
    t.is(lines.length, 1)
  })
})

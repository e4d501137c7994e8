import { setTimeout as sleep } from 'node:timers/promises'
import { personOf } from '../direct-messages.ts'
import { quantile, type Row } from '../figures.ts'
import { openNetwork, shopOf } from '../ingest/messages.ts'
import type { BenchOptions } from '../options.ts'
import { startApi, startWorker } from '../our-processes.ts'
import { emailOf, PASSWORD, type Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import type { Site } from '../site.ts'

const REPLIES_A_SECOND = 20
/** So that each conversation has one reply a second: those of one conversation wait for each other. */
const CONVERSATIONS = 20
const MOST_P99_MS = 500
const ARRIVES_WITHIN_MS = 60_000

type Place = Readonly<{ url: string; authorization: string }>

/** From the beginning of an agent's POST to the call that brings the reply to the platform, at a steady pace. */
export async function measureReplies(
  site: Site,
  shops: readonly Shop[],
  { rounds, seconds }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const shutdown = new Shutdown()
  try {
    await site.clear()
    const network = await shutdown.owns(openNetwork(shops, CONVERSATIONS), (opened) => opened.close())
    const environment = { ...site.environment, INSTAGRAM_GRAPH_URL: network.url }
    const api = await shutdown.owns(startApi(environment), ({ child }) => child.stop())
    for (const role of ['inbound', 'outbound'] as const)
      await shutdown.owns(Promise.resolve(startWorker(environment, role)), (child) => child.stop())
    // Written on their phones, so that the platform lets them be answered.
    for (let n = 0; n < CONVERSATIONS; n++) {
      const shop = shopOf(shops, n)
      const account = network.account({ id: shop.account })
      account.webhookUrl = `${api.url}/webhook/${shop.channelId}`
      await network.dm(network.customer({ id: personOf(n), account }), 'Hello')
    }
    const places = await openTickets(api.url, shops)

    const postedAt = new Map<string, number>()
    const tookMs: number[] = []
    network.onBubble((_, { from, text }) => {
      const at = from === 'business' ? postedAt.get(text ?? '') : undefined
      if (at !== undefined) tookMs.push(performance.now() - at)
    })
    const results: { p50: number; p99: number }[] = []
    for (let round = 0; round <= rounds; round++) {
      tookMs.length = 0
      const count = REPLIES_A_SECOND * seconds
      const posting: Promise<void>[] = []
      for (let n = 0; n < count; n++) {
        const content = `reply ${round} ${n}`
        postedAt.set(content, performance.now())
        const posted = post(places[n % places.length] as Place, content)
        // Told below; unheard until then it would end the process, with the servers left behind.
        posted.catch(() => {})
        posting.push(posted)
        await sleep(1_000 / REPLIES_A_SECOND)
      }
      await Promise.all(posting)
      for (let ms = 0; tookMs.length < count && ms < ARRIVES_WITHIN_MS; ms += 50) await sleep(50)
      if (tookMs.length !== count) throw new Error(`${tookMs.length} replies arrived, of ${count}`)
      // The first warms up.
      if (round === 0) continue
      const result = { p50: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99) }
      results.push(result)
      say(`reply ${round}/${rounds}: p50 ${Math.round(result.p50)} ms, p99 ${Math.round(result.p99)} ms`)
    }
    const measure = (what: 'p50' | 'p99') => ({
      what,
      unit: 'ms',
      ours: results.map((result) => result[what]),
      floor: null,
      target: null,
    })
    return { name: 'reply to Graph call', measures: [measure('p50'), { ...measure('p99'), most: MOST_P99_MS }] }
  } finally {
    await shutdown.close()
    await site.clear()
  }
}

/** Where each shop's agent answers its customers, once their messages are there. */
async function openTickets(url: string, shops: readonly Shop[]): Promise<readonly Place[]> {
  const found: Place[] = []
  for (const [index, { orgId }] of shops.entries()) {
    const login = await json<{ accessToken: string }>(`${url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: emailOf(index + 1), password: PASSWORD }),
    })
    const authorization = `Bearer ${login.accessToken}`
    const expected = CONVERSATIONS / shops.length
    for (let tries = 0; ; tries++) {
      const at = `${url}/orgs/${orgId}/tickets`
      const { data } = await json<{ data: readonly { id: string }[] }>(at, { headers: { authorization } })
      if (data.length >= expected) {
        found.push(...data.map(({ id }) => ({ url: `${at}/${id}/messages`, authorization })))
        break
      }
      if (tries === 600) throw new Error('the messages were not stored')
      await sleep(50)
    }
  }
  return found
}

/** As a client does: again under its key while the answer is 503. The time goes on meanwhile. */
async function post({ url, authorization }: Place, content: string): Promise<void> {
  const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': content }
  const request = { method: 'POST', headers, body: JSON.stringify({ content }) }
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url, request)
    const text = await answer.text()
    if (answer.ok) return
    if (answer.status !== 503 || tries === 100) throw new Error(`${url} answered ${answer.status}: ${text}`)
    await sleep(200)
  }
}

async function json<T>(url: string, request: RequestInit): Promise<T> {
  const answer = await fetch(url, request)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`)
  return JSON.parse(text) as T
}

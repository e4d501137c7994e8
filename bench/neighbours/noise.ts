import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { personOf, signedDirectMessage } from '../direct-messages.ts'
import { post } from '../ingest/deliver.ts'
import { onOrder } from '../on-order.ts'
import type { Shop } from '../seed.ts'

export type NoiseOrder = Readonly<{ url: string; shop: Shop; people: number; perSecond: number; seconds: number }>
export type NoiseResult = Readonly<{ sent: number; seconds: number }>

const STEP_MS = 10

/** Messages of one organization's customers, at a steady pace whatever the answers take. */
async function makeNoise({ url, shop, people, perSecond, seconds }: NoiseOrder): Promise<NoiseResult> {
  const agent = new Agent({ keepAlive: true })
  const answers: Promise<void>[] = []
  const startedAt = performance.now()
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1_000
    const due = Math.floor(Math.min(elapsed, seconds) * perSecond)
    while (answers.length < due)
      answers.push(post(agent, url, signedDirectMessage(shop, personOf(answers.length % people), new Date())))
    if (elapsed >= seconds) break
    await sleep(STEP_MS)
  }
  await Promise.all(answers)
  agent.destroy()
  return { sent: answers.length, seconds: (performance.now() - startedAt) / 1_000 }
}

onOrder(makeNoise)

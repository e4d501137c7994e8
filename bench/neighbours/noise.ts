import { Agent } from 'node:http'
import { signedDirectMessage } from '../direct-messages.ts'
import { post } from '../ingest/deliver.ts'
import { onOrder } from '../on-order.ts'
import type { Shop } from '../seed.ts'
import { atSteadyPace } from '../steady-pace.ts'

export type NoiseOrder = Readonly<{
  url: string
  shop: Shop
  people: readonly string[]
  perSecond: number
  seconds: number
}>
/** `late`: the share that was not sent by the end of the time. */
export type NoiseResult = Readonly<{ sent: number; late: number }>

const STEP_MS = 10

/** Messages of one organization's customers, at a steady pace whatever the answers take. */
async function makeNoise({ url, shop, people, perSecond, seconds }: NoiseOrder): Promise<NoiseResult> {
  const agent = new Agent({ keepAlive: true })
  const answers: Promise<void>[] = []
  // What is late is made up for bit by bit: the customers of an organization do not all wait for a processor of this machine.
  const late = await atSteadyPace({ perSecond, seconds, stepMs: STEP_MS, burstMs: 2 * STEP_MS }, (n) => {
    answers.push(post(agent, url, signedDirectMessage(shop, people[n % people.length] as string, new Date())))
  })
  await Promise.all(answers)
  agent.destroy()
  return { sent: answers.length, late }
}

onOrder(makeNoise)

import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebhookDelivery } from '../direct-messages.ts'

const AT_ONCE = 64

/** Posts all of them, and resolves when each was acknowledged. */
export async function deliver(url: string, deliveries: Iterable<WebhookDelivery>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  // One iterator for all, so that they take turns.
  const rest = Iterator.from(deliveries)
  const work = async (): Promise<void> => {
    for (const delivery of rest) await post(agent, url, delivery)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => agent.destroy())
}

/** As the platform does: again while the answer is 503. Resolves when it was acknowledged. */
export async function post(agent: Agent, url: string, delivery: WebhookDelivery): Promise<void> {
  for (let tries = 0; ; tries++) {
    const status = await statusOf(agent, url, delivery)
    if (status === 200) return
    if (status !== 503 || tries === 100) throw new Error(`a delivery was answered with ${status}`)
    await sleep(200)
  }
}

const statusOf = (agent: Agent, url: string, { path, headers, body }: WebhookDelivery): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method: 'POST', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
    sent.once('error', reject).end(body)
  })

import { Agent, request } from 'node:http'
import type { SignedDelivery } from '../direct-messages.ts'

const AT_ONCE = 64

/** Posts all of them, and resolves when each was acknowledged. */
export async function deliver(url: string, deliveries: Iterable<SignedDelivery>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  // One iterator for all, so that they take turns.
  const rest = Iterator.from(deliveries)
  const work = async (): Promise<void> => {
    for (const delivery of rest) await post(agent, url, delivery)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => agent.destroy())
}

function post(agent: Agent, url: string, { path, headers, body }: SignedDelivery): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method: 'POST', headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`a delivery was answered with ${response.statusCode}`))
      })
    })
    sent.once('error', reject).end(body)
  })
}

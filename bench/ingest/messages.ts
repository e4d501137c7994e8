import { createInstagramSimulator, type InstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { personOf, signedDirectMessage, type WebhookDelivery } from '../direct-messages.ts'
import type { Shop } from '../seed.ts'

export const shopOf = (shops: readonly Shop[], person: number): Shop => shops[person % shops.length] as Shop

/** Everybody's first, everybody's second, and so on: neighbours are never of one organization. */
export function* messages(shops: readonly Shop[], people: number, events: number): Iterable<WebhookDelivery> {
  const startAt = Date.now() - events
  for (let event = 0; event < events; event++) {
    const person = event % people
    yield signedDirectMessage(shopOf(shops, person), personOf(person), new Date(startAt + event))
  }
}

/** The platform, which knows these people: where workers ask who they are, and send to. */
export async function openNetwork(shops: readonly Shop[], people: number): Promise<InstagramSimulator> {
  const simulator = await createInstagramSimulator()
  for (const { account: id, accessToken, appSecret } of shops) simulator.account({ id, accessToken, appSecret })
  for (let n = 0; n < people; n++) {
    simulator.customer({ id: personOf(n), account: simulator.account({ id: shopOf(shops, n).account }) })
  }
  return simulator
}

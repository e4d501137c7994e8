import { onOrder } from '../on-order.ts'
import type { Shop } from '../seed.ts'
import { deliver } from './deliver.ts'
import { messages } from './messages.ts'

export type DeliverOrder = Readonly<{ url: string; shops: readonly Shop[]; people: number; events: number }>

/** As fast as they are acknowledged. Answers when the last one is. */
async function send({ url, shops, people, events }: DeliverOrder): Promise<number> {
  await deliver(url, messages(shops, people, events))
  return events
}

onOrder(send)

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { Connection } from 'rabbitmq-client'
import type { InstagramSimulator } from '../../../dev/instagram-simulator/index.ts'
import { fieldsOf } from '../../../src/adapters/messaging/delivery-message.ts'
import { MESSAGE_TYPE } from '../../../src/adapters/messaging/rabbit-publisher.ts'
import { topologyOf } from '../../../src/adapters/messaging/topology.ts'
import { MOST_WITHOUT_END } from '../../../src/adapters/messaging/trials.ts'
import type { ChannelId, OrgId, RawEventId } from '../../../src/core/ids.ts'
import type { Servers } from './ground.ts'
import type { ConnectedChannel } from './history.ts'

/**
 * A delivery that has killed its holders as often as one may: the next to get it puts it aside. It repeats one that is stored,
 * so that nothing is missing where it stays there for ever.
 */
export async function sendKiller(
  { adminUrl, rabbit }: Servers,
  { webhooks }: Pick<InstagramSimulator, 'webhooks'>,
  channels: readonly ConnectedChannel[],
): Promise<void> {
  const webhook = webhooks.find(({ status, mid }) => status === 200 && mid !== null)
  const home = channels.find(({ accountId }) => accountId === webhook?.account.id)
  if (!webhook || !home) throw new Error('There is nothing that could be repeated.')
  const id = randomUUID() as string as RawEventId
  const { body } = webhook
  const [orgId, channelId] = [home.orgId as OrgId, home.channelId as ChannelId]
  const delivery = { id, orgId, channelId, body, verified: true, receivedAt: new Date(), requestId: 'a killer' }

  const admin = new pg.Client({ connectionString: adminUrl })
  admin.on('error', () => {})
  await admin.connect()
  await admin.query('insert into delivery_trials (delivery_id, begun) values ($1, $2)', [id, MOST_WITHOUT_END])
  await admin.end()
  const connection = new Connection({ url: rabbit.directUrl, retryLow: 200 })
  connection.on('error', () => {})
  const publisher = connection.createPublisher({ confirm: true })
  try {
    // As the broker counts who vanished with it.
    const headers = { ...fieldsOf(delivery), 'x-delivery-count': 1 }
    const { queue } = topologyOf({ prefix: 'delightchat.' }).work
    await publisher.send({ routingKey: queue, messageId: id, type: MESSAGE_TYPE, durable: true, headers }, body)
  } finally {
    await publisher.close()
    await connection.close()
  }
}

import { postWebhook, webhookHeaders } from '../../../dev/instagram-simulator/webhook-client.ts'
import { connect, type InboxClient, signUp } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { startAgent } from './agents.ts'
import { startCustomers } from './customers.ts'
import { startFeedReader } from './feed-reader.ts'
import type { Ground } from './ground.ts'
import type { Recorder } from './history.ts'
import { choicesOf, seededRandom } from './random.ts'
import type { TierSize } from './tiers.ts'

export type Shop = Readonly<{ client: InboxClient; account: Awaited<ReturnType<typeof connect>>['account'] }>

export async function openShops(
  { fleet, simulator }: Ground,
  recorder: Recorder,
  count: number,
): Promise<readonly Shop[]> {
  const shops: Shop[] = []
  for (let index = 0; index < count; index++) {
    const client = await signUp(fleet.url)
    const { account, channel } = await connect(client, simulator)
    recorder.connected(client, channel, account)
    shops.push({ client, account })
  }
  return shops
}

/** A further channel of somebody's. */
export async function openBrokenAccount(
  { simulator }: Ground,
  recorder: Recorder,
  { client }: Shop,
): Promise<Shop['account']> {
  const { account, channel } = await connect(client, simulator)
  recorder.connected(client, channel, account)
  return account
}

/** Customers write, agents answer, readers read; all of it in the recorder and the simulator. */
export function startTraffic(
  { simulator }: Ground,
  recorder: Recorder,
  { shops, broken }: Readonly<{ shops: readonly Shop[]; broken: Shop['account'] }>,
  size: TierSize,
  seed: number,
) {
  const choices = choicesOf(seededRandom(seed + 1))
  const { perSecond, people, repliesEveryMs: everyMs } = size
  const accounts = shops.map(({ account }) => account)
  const customers = startCustomers({ simulator, accounts, broken, choices, perSecond, people })
  const agents = shops.map((shop, index) =>
    startAgent({ ...shop, simulator, recorder, choices, everyMs, name: `answer ${index}` }),
  )
  const readers = shops.map(({ client }) => startFeedReader(recorder, client))
  return {
    sent: customers.sent,
    /** Nothing new comes; readers go on reading. */
    async stop() {
      await Promise.all(agents.map((agent) => agent.stop()))
      await customers.stop()
    },
    async close() {
      await Promise.all(readers.map((reader) => reader.stop()))
    },
  }
}

/**
 * Every api process has looked up every channel, as in production those do that have run for a while: what it does not know it
 * cannot take while the database is away. By repeats of what was taken.
 */
export async function acquaint({ fleet, simulator }: Ground): Promise<void> {
  const known = Map.groupBy(
    simulator.webhooks.filter(({ status }) => status === 200),
    ({ account }) => account,
  )
  for (const [{ webhookUrl, appSecret }, [{ body } = { body: Buffer.alloc(0) }]] of known) {
    if (webhookUrl === null) continue
    for (const { url } of fleet.of('api')) {
      const own = new URL(new URL(webhookUrl).pathname, url).toString()
      await waitFor(async () => (await postWebhook(own, body, webhookHeaders(body, appSecret), 10_000)).status === 200)
    }
  }
}

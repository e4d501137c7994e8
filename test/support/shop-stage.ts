import type { ExecutionContext } from 'ava'
import {
  createInstagramSimulator,
  type InstagramSimulator,
  type SimulatedAccount,
  type SimulatedCustomer,
} from '../../dev/instagram-simulator/index.ts'
import type { Profile } from './database.ts'
import {
  type ChannelJson,
  connect,
  type InboxClient,
  type MessageJson,
  signUp,
  type TicketJson,
  ticketOf,
} from './inbox-client.ts'
import { type MainProcess, mainProcess } from './main-process.ts'
import { profileSettings } from './profile-settings.ts'
import { dataFolder, processesOn } from './program.ts'

export type Shop = Readonly<{ client: InboxClient; account: SimulatedAccount; channel: ChannelJson }>
export type Talk = Shop & Readonly<{ who: SimulatedCustomer; ticket: TicketJson }>
export type Comment = Talk & Readonly<{ comment: string }>

export type ShopStage = Readonly<{
  simulator: InstagramSimulator
  main: MainProcess
  /** An organization with a channel and an account of its own. */
  aShop(given?: Parameters<typeof connect>[2]): Promise<Shop>
  /** Somebody who has just written to it. */
  aTalk(shop?: Shop, at?: Date): Promise<Talk>
  /** Somebody who has just commented under a post of its. */
  aComment(options?: Parameters<InstagramSimulator['comment']>[2], shop?: Shop): Promise<Comment>
  /** The program ends in order and starts anew on the same data. */
  restart(): Promise<void>
  /** The program ended in order, and nothing of it is left. */
  close(t: ExecutionContext): Promise<void>
}>

/**
 * The program as one process on a profile, and the platform as the simulator. Under `publicUrl`, if there is one, the platform
 * reaches the program.
 */
export async function shopStage(
  profile: Profile,
  name: string,
  { publicUrl }: Readonly<{ publicUrl?: string }> = {},
): Promise<ShopStage> {
  const teardowns: (() => unknown)[] = []
  const owner = { teardown: (fn: () => unknown) => teardowns.push(fn) } as unknown as ExecutionContext
  const reach: Record<string, string> = {}
  const simulator = await createInstagramSimulator({ reach })
  const dataDir = await dataFolder(owner, name)
  const graph = { INSTAGRAM_GRAPH_URL: simulator.url, FACEBOOK_GRAPH_URL: simulator.url }
  const main = await mainProcess(dataDir, {
    ...graph,
    ...(publicUrl === undefined ? {} : { PUBLIC_URL: publicUrl }),
    ...(await profileSettings(owner, profile, name)),
  })
  if (publicUrl !== undefined) reach[publicUrl] = main.url
  let program = main.start()
  await main.ready(program)

  async function aShop(given?: Parameters<typeof connect>[2]): Promise<Shop> {
    const client = await signUp(main.url)
    return { client, ...(await connect(client, simulator, given)) }
  }

  return {
    simulator,
    main,
    aShop,
    async aTalk(shop, at = new Date()) {
      const { client, account, channel } = shop ?? (await aShop())
      const who = simulator.customer({ account })
      await simulator.dm(who, 'Hello', { at })
      return { client, account, channel, who, ticket: await ticketOf(client, who) }
    },
    async aComment(options = {}, shop) {
      const { client, account, channel } = shop ?? (await aShop())
      const who = simulator.customer({ account })
      const { mid } = await simulator.comment(who, 'How much is it?', options)
      return { client, account, channel, who, ticket: await ticketOf(client, who, 'COMMENT'), comment: mid as string }
    },
    async restart() {
      await program.end()
      program = main.start()
      await main.ready(program)
    },
    async close(t) {
      const exit = await program.end()
      await simulator.close()
      const left = processesOn(dataDir)
      for (const tearDown of teardowns.reverse()) await tearDown()
      t.deepEqual(exit, { code: 0, signal: null }, program.output())
      t.deepEqual(left, [])
    },
  }
}

/** A reply that is queued now. */
export async function said({ client, ticket }: Pick<Talk, 'client' | 'ticket'>, content: string): Promise<MessageJson> {
  const { status, body } = await client.reply(ticket.id, content)
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

import { randomInt } from 'node:crypto'
import type {
  AccountOptions,
  InstagramSimulator,
  PhoneMessage,
  SimulatedAccount,
  SimulatedCustomer,
  Webhook,
} from '../instagram-simulator/index.ts'
import type { Api, Channel, Customer, Message, Notification, Session, Ticket } from './api.ts'
import { DemoFailure } from './demo-failure.ts'
import { type Act, AGENT, ANSWER, SHOP, STORY } from './story.ts'

/** For each thing that has to happen. */
const PATIENCE_MS = 30_000
/** Names come by a job of their own; nothing depends on them. */
const NAMES_PATIENCE_MS = 5_000

export type Setting = Readonly<{ simulator: InstagramSimulator; api: Api; url: string }>
export type Login = Readonly<{ email: string; password: string; session: Session }>
export type Arrived = Readonly<{
  act: Act
  who: SimulatedCustomer
  customer: Customer
  ticket: Ticket
  message: Message
}>

const waitFor = <T>({ simulator }: Setting, what: string, look: () => Promise<T>): Promise<NonNullable<T>> =>
  simulator.waitFor(look, PATIENCE_MS, what).catch((error: Error) => {
    throw error instanceof DemoFailure ? error : new DemoFailure(`${error.message}.`)
  })

export async function signUp({ api }: Setting): Promise<Login> {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789'
  const password = `demo-${Array.from({ length: 10 }, () => letters[randomInt(letters.length)]).join('')}`
  return { email: AGENT.email, password, session: await api.signUp({ ...AGENT, password }) }
}

/** An Instagram channel as the guide makes it, with the simulator's account, and the handshake that Meta does. */
export async function connectChannel(
  { simulator, api, url }: Setting,
  shop: AccountOptions = SHOP,
  more: object = {},
): Promise<{ channel: Channel; account: SimulatedAccount }> {
  const account = simulator.account(shop)
  const webhookVerifyToken = `verify-${randomInt(1_000_000)}`
  const channel = await api.createChannel({
    type: 'INSTAGRAM',
    name: 'Instagram (simulated)',
    config: {
      pageId: account.id,
      accessToken: account.accessToken,
      appSecret: account.appSecret,
      webhookVerifyToken,
      ...more,
    },
  })
  account.webhookUrl = `${url}${new URL(channel.webhook.callbackUrl).pathname}`
  if (!(await simulator.handshake(account, webhookVerifyToken))) {
    throw new DemoFailure(`The webhook ${account.webhookUrl} did not pass Meta's handshake.`)
  }
  return { channel, account }
}

export type Sent = Readonly<{ act: Act; who: SimulatedCustomer; webhook: Webhook }>

export async function playStory({ simulator }: Setting): Promise<Sent[]> {
  const sent: Sent[] = []
  for (const act of STORY) {
    const who = simulator.customer({ username: act.username, name: act.name })
    const webhook = await act.act(simulator, who)
    if (webhook.status !== 200) {
      const why = webhook.attempts.at(-1)?.error ?? `answered ${webhook.status}: ${webhook.attempts.at(-1)?.answer}`
      throw new DemoFailure(`The webhook with the ${act.what} of ${act.name} was not taken (${why}).`)
    }
    sent.push({ act, who, webhook })
  }
  return sent
}

/** Until every one of the five is in the API as a customer with a ticket that holds the message. */
export async function awaitTickets(setting: Setting, sent: readonly Sent[]): Promise<Arrived[]> {
  for (const { act, who, webhook } of sent) {
    await waitFor(setting, `The ticket for the ${act.what} of ${act.name}`, () => find(setting.api, act, who, webhook))
  }
  // The platform tells the name of who wrote; of who commented only the username.
  const isNamed = (all: readonly Customer[], act: Act): boolean =>
    all.some(({ displayName }) => displayName === act.name || displayName === act.username)
  const named = async () => {
    const all = await setting.api.customers()
    return sent.every(({ act }) => isNamed(all, act))
  }
  await setting.simulator.waitFor(named, NAMES_PATIENCE_MS).catch(() => null)
  return Promise.all(sent.map(async ({ act, who, webhook }) => (await find(setting.api, act, who, webhook)) as Arrived))
}

async function find(api: Api, act: Act, who: SimulatedCustomer, webhook: Webhook): Promise<Arrived | null> {
  const customer = (await api.customers()).find(({ externalId }) => externalId === who.id)
  const ticket = customer && (await api.tickets()).find(({ customerId }) => customerId === customer.id)
  const message = ticket && (await api.messages(ticket.id)).find(({ externalId }) => externalId === webhook.mid)
  if (!message) return null
  if (message.kind === act.kind) return { act, who, customer, ticket, message }
  throw new DemoFailure(`The ${act.what} of ${act.name} is there as ${message.kind} and not as ${act.kind}.`)
}

export const awaitNotifications = (setting: Setting): Promise<Notification[]> =>
  waitFor(setting, `A notification for each of the ${STORY.length} messages`, async () => {
    const all = await setting.api.notifications()
    return all.length >= STORY.length ? all : null
  })

export type Answered = Readonly<{ message: Message; tookMs: number; phone: readonly PhoneMessage[] }>

/** The agent's reply, until it is SENT and on the customer's phone, once. */
export async function answer(setting: Setting, { ticket, who }: Arrived): Promise<Answered> {
  const { api, simulator } = setting
  const startedAt = performance.now()
  const queued = await api.reply(ticket.id, ANSWER)
  const message = await waitFor(setting, 'The reply to be sent', async () => {
    const now = await api.message(ticket.id, queued.id)
    if (now.status === 'FAILED') {
      throw new DemoFailure(
        `The reply was not sent: ${now.failure?.title ?? 'no reason given'} (${now.failure?.detail ?? ''})`,
      )
    }
    return now.status === 'SENT' ? now : null
  })
  const tookMs = performance.now() - startedAt
  const copies = simulator.received(who).filter(({ text }) => text === ANSWER)
  if (copies.length === 1 && copies[0]?.mid === message.externalId)
    return { message, tookMs, phone: simulator.phone(who) }
  throw new DemoFailure(`The reply is SENT, and the customer's phone shows it ${copies.length} times.`)
}

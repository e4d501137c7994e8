import { randomUUID } from 'node:crypto'
import type { InstagramSimulator, SimulatedAccount, SimulatedCustomer } from '../../dev/instagram-simulator/index.ts'
import { assertNoLeak, planted } from './planted.ts'
import { waitFor } from './processes.ts'

export type Answer<T = Record<string, unknown>> = Readonly<{ status: number; body: T; headers: Headers }>
export type CustomerJson = Readonly<{ id: string; externalId: string }>
export type TicketJson = Readonly<{
  id: string
  customerId: string
  kind: string
  status: string
  unreadCount: number
  context: Readonly<Record<string, unknown>> | null
  lastMessagePreview: string | null
}>
export type MessageJson = Readonly<{
  id: string
  ticketId: string
  direction: 'INBOUND' | 'OUTBOUND'
  content: string | null
  status: string
  failure: Readonly<{ code: string; title: string; detail: string; retryable: boolean }> | null
  externalId: string | null
  author: Readonly<{ type: string }>
  createdAt: string
}>
export type ChannelJson = Readonly<{
  id: string
  status: string
  webhook: { callbackUrl: string; scope?: string }
  health: Readonly<{
    quarantined: number
    unroutable: number
    badSignatures: number
    unknown: number
    subscribingSince: string | null
    missingPermissions: readonly string[] | null
  }>
}>
type Page<T> = Readonly<{ data: readonly T[]; page: { nextCursor: string | null } }>

/** The public API as one signed-up person. An answer is an answer, whatever its status; no answer rejects. */
export type InboxClient = Awaited<ReturnType<typeof signUp>>

export async function signUp(url: string) {
  const person = {
    orgName: 'Shop',
    name: 'Sam',
    email: `${randomUUID()}@example.com`,
    password: planted('password'),
  }
  const session = await send<{ accessToken: string; orgId: string }>('POST', `${url}/auth/signup`, person)
  if (session.status !== 201) throw new Error(`No signup: ${JSON.stringify(session.body)}`)
  const { accessToken, orgId } = session.body
  const call = <T>(method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    send<T>(method, `${url}/orgs/${orgId}${path}`, body, { authorization: `Bearer ${accessToken}`, ...headers })

  async function list<T>(path: string): Promise<T[]> {
    const found: T[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const { status, body } = await call<Page<T>>('GET', `${path}?limit=100${more}`)
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
      found.push(...body.data)
      cursor = body.page.nextCursor
    }
    return found
  }

  return {
    url,
    orgId,
    accessToken,
    call,
    list,
    customers: () => list<CustomerJson>('/customers'),
    tickets: () => list<TicketJson>('/tickets'),
    messages: (ticketId: string) => list<MessageJson>(`/tickets/${ticketId}/messages`),
    message: async ({ ticketId, id }: Pick<MessageJson, 'ticketId' | 'id'>) =>
      (await call<MessageJson>('GET', `/tickets/${ticketId}/messages/${id}`)).body,
    reply: (ticketId: string, content: string, headers?: Record<string, string>) =>
      call<MessageJson & { code?: string }>('POST', `/tickets/${ticketId}/messages`, { content }, headers),
  }
}

async function send<T>(
  method: string,
  url: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(30_000),
  })
  const text = await response.text()
  assertNoLeak(text, `${method} ${url}`)
  return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as T }
}

/** A channel of the organization for an account of the simulator's, which from now on posts its webhooks there. */
export async function connect(
  client: InboxClient,
  simulator: InstagramSimulator,
  given: Readonly<{ account?: Partial<Pick<SimulatedAccount, 'humanAgent'>>; config?: object }> = {},
): Promise<{ channel: ChannelJson; account: SimulatedAccount }> {
  const account = simulator.account({
    ...given.account,
    accessToken: planted('access-token'),
    appSecret: planted('app-secret'),
  })
  const config = {
    pageId: account.id,
    accessToken: account.accessToken,
    appSecret: account.appSecret,
    webhookVerifyToken: planted('verify-token'),
    ...given.config,
  }
  const made = await client.call<ChannelJson>('POST', '/channels', {
    type: 'INSTAGRAM',
    name: account.username,
    config,
  })
  if (made.status !== 201) throw new Error(`No channel: ${JSON.stringify(made.body)}`)
  account.webhookUrl = `${client.url}/webhook/${made.body.id}`
  return { channel: made.body, account }
}

/** The ticket of somebody who wrote, once it is there. */
export function ticketOf(client: InboxClient, { id }: SimulatedCustomer, kind = 'DM'): Promise<TicketJson> {
  return waitFor(async () => {
    const customer = (await client.customers()).find(({ externalId }) => externalId === id)
    return (
      customer && (await client.tickets()).find((ticket) => ticket.customerId === customer.id && ticket.kind === kind)
    )
  }, 30_000)
}

/** The message once it has one of the statuses. */
export const settled = (
  client: InboxClient,
  message: Pick<MessageJson, 'ticketId' | 'id'>,
  statuses: readonly string[] = ['SENT', 'FAILED'],
  withinMs = 30_000,
): Promise<MessageJson> =>
  waitFor(async () => {
    const now = await client.message(message)
    return statuses.includes(now.status) ? now : null
  }, withinMs)

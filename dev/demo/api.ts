import { DemoFailure } from './demo-failure.ts'

export type Session = { accessToken: string; orgId: string }
export type Channel = { id: string; name: string; webhook: { callbackUrl: string } }
export type Customer = { id: string; externalId: string; username: string | null; displayName: string }
export type Ticket = {
  id: string
  number: number
  customerId: string
  kind: string
  status: string
  window: { state: string; closesAt: string | null } | null
  unreadCount: number
  lastMessagePreview: string | null
}
export type Message = {
  id: string
  kind: string
  content: string | null
  status: string
  externalId: string | null
  failure: { title: string; detail: string } | null
}
export type Notification = { id: string; type: string; read: boolean }
export type List<T> = { data: T[] }

/** Far more than it takes on a machine that does nothing else. */
const ANSWERED_WITHIN_MS = 30_000

export type Answer<T> = Readonly<{ status: number; body: T & { detail?: string; title?: string; code?: string } }>

export type Api = ReturnType<typeof createApi>

/** The public API, as anybody would use it. */
export function createApi(url: string) {
  let session: Session | null = null

  /** Any call, with what it was answered. */
  async function ask<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
    const unanswered = (error: Error) => {
      const why = (error.cause as Error | undefined)?.message ?? error.message
      throw new DemoFailure(`${method} ${path} was not answered: ${why}`)
    }
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(session ? { Authorization: `Bearer ${session.accessToken}` } : {}),
        ...(body ? { 'Content-Type': 'application/json' } : {}),
      },
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch(unanswered)
    // An answer that breaks off is none.
    const text = await response.text().catch(unanswered)
    return { status: response.status, body: read(text) as Answer<T>['body'] }
  }

  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const { status, body: answer } = await ask<T>(method, path, body)
    if (status < 400) return answer
    throw new DemoFailure(`${method} ${path} answered ${status}: ${answer.detail ?? answer.title ?? 'no reason given'}`)
  }

  const inOrg = (path: string): string => `/orgs/${session?.orgId}${path}`

  return {
    /** Below the organization's own path. */
    ask: <T>(method: string, path: string, body?: object) => ask<T>(method, inOrg(path), body),
    async signUp(person: { orgName: string; name: string; email: string; password: string }): Promise<Session> {
      session = await call<Session>('POST', '/auth/signup', person)
      return session
    },
    createChannel: (channel: object) => call<Channel>('POST', inOrg('/channels'), channel),
    customers: async () => (await call<List<Customer>>('GET', inOrg('/customers?platform=INSTAGRAM&limit=100'))).data,
    tickets: async () => (await call<List<Ticket>>('GET', inOrg('/tickets?limit=100'))).data,
    messages: async (ticketId: string) =>
      (await call<List<Message>>('GET', inOrg(`/tickets/${ticketId}/messages`))).data,
    notifications: async () => (await call<List<Notification>>('GET', inOrg('/notifications?limit=100'))).data,
    reply: (ticketId: string, content: string) =>
      call<Message>('POST', inOrg(`/tickets/${ticketId}/messages`), { content, direction: 'OUTBOUND' }),
    message: (ticketId: string, id: string) => call<Message>('GET', inOrg(`/tickets/${ticketId}/messages/${id}`)),
  }
}

/** What is no JSON comes from somebody else on our port; its status says enough. */
function read(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

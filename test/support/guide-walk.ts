import type { ExecutionContext } from 'ava'
import type { InstagramSimulator, SimulatedAccount, SimulatedCustomer } from '../../dev/instagram-simulator/index.ts'
import { type CurlAnswer, runCurl } from './curl.ts'
import { type Command, splitScript } from './markdown-commands.ts'
import { waitFor } from './processes.ts'

/** Meta's side: a simulator with the account of the guide, whose clock can be put forward. */
export type Platform = Readonly<{
  simulator: InstagramSimulator
  account: SimulatedAccount
  /** What Meta does in the time between two steps. */
  ahead(hours: number): void
}>

export type Walk = Readonly<{ t: ExecutionContext; serviceUrl: string; platform: Platform }>

type Customer = Readonly<{ id: string; externalId: string; displayName: string }>
type Ticket = Readonly<{ id: string; customerId: string; number: number }>
type Message = Readonly<{ id: string; status: string; externalId: string | null; direction: string; verified: boolean }>
type Channel = Readonly<{
  id: string
  warnings: readonly string[]
  health: Readonly<Record<string, unknown>>
  webhook: { callbackUrl: string }
}>
type List<T> = Readonly<{ data: readonly T[] }>

const META = /https:\/\/((?:api|graph|www)\.instagram\.com|graph\.facebook\.com)/g
const PLACEHOLDER = /\{[A-Za-z][\w.-]*\}|YOUR_[A-Z_]+|your-ngrok-url/

/** What the guide tells its reader to fill in, and what the steps so far have shown. */
function createBlanks({ serviceUrl, platform }: Walk) {
  const { account, simulator } = platform
  const values = new Map([
    ['{app-id}', account.appId],
    ['{app-secret}', account.appSecret],
    ['YOUR_APP_SECRET', account.appSecret],
    ['https://your-ngrok-url.ngrok-free.app', serviceUrl],
  ])
  return {
    get: (name: string) => values.get(name) ?? '',
    fill(text: string): string {
      let filled = text.replaceAll('http://localhost:3001', serviceUrl).replace(META, `${simulator.url}/$1`)
      for (const [name, value] of values) filled = filled.replaceAll(name, value)
      const left = PLACEHOLDER.exec(filled)
      if (left) throw new Error(`Nothing has told what ${left[0]} is: ${text}`)
      return filled
    },
    learn(learnt: Readonly<Record<string, string | undefined>>): void {
      for (const [name, value] of Object.entries(learnt)) if (value !== undefined) values.set(name, value)
    },
  }
}

/** `run` runs the curl, as often as it is called. */
type Step = (run: () => Promise<CurlAnswer>, walk: Walk & Blanks & Besides) => Promise<void>
type Blanks = Pick<ReturnType<typeof createBlanks>, 'get' | 'learn'>
/** What a reader could ask besides, and who gets the reply. */
type Besides = Readonly<{ inOrg: <T>(path: string) => Promise<T>; customer: SimulatedCustomer }>

/** For what the workers do. */
export const PATIENCE_MS = 30_000

const REPLY = 'Thank you for reaching out! How can I help you today?'

/** One for each curl of the guide, in its order; the name is the number or the words of the heading above it. */
const steps: readonly (readonly [heading: string, step: Step])[] = [
  [
    '2.2',
    async (run, { t, learn }) => {
      const answer = await run()
      t.is(answer.status, 200, answer.text)
      const [grant] = answer.json<List<Record<string, string>>>().data
      t.deepEqual(Object.keys(grant ?? {}).sort(), ['access_token', 'permissions', 'user_id'])
      t.is((await run()).status, 400, 'a code works once')
      learn({ '{short-lived-token}': grant?.['access_token'] })
    },
  ],
  [
    '2.3',
    async (run, { t, learn }) => {
      const token = (await run()).json<Record<string, unknown>>()
      t.like(token, { token_type: 'bearer', expires_in: 60 * 86_400 })
      learn({ '{long-lived-token}': String(token['access_token']) })
    },
  ],
  [
    '2.4',
    async (run, { t, platform, learn }) => {
      t.is((await run()).status, 400, 'not before it is a day old')
      platform.ahead(25)
      const token = (await run()).json<Record<string, unknown>>()
      platform.ahead(0)
      t.like(token, { token_type: 'bearer', expires_in: 60 * 86_400 })
      const value = String(token['access_token'])
      learn({ '{long-lived-token}': value, YOUR_LONG_LIVED_ACCESS_TOKEN: value })
    },
  ],
  [
    '2.5',
    async (run, { t, platform, learn }) => {
      const me = (await run()).json<Record<string, string>>()
      t.is(me['user_id'], platform.account.id)
      t.not(me['id'], me['user_id'])
      learn({ YOUR_INSTAGRAM_PAGE_ID: me['user_id'] })
    },
  ],
  [
    '3.3',
    async (run, { t }) => {
      t.deepEqual((await run()).json(), { success: true })
    },
  ],
  [
    '5.1',
    async (run, { t, learn }) => {
      const answer = await run()
      t.is(answer.status, 201, answer.text)
      const session = answer.json<Record<string, string>>()
      t.deepEqual(Object.keys(session).sort(), ['accessToken', 'expiresAt', 'org', 'orgId', 'user', 'warnings'])
      t.deepEqual(session['warnings'] as unknown, ['weak-password'])
      t.like(session, { org: { id: session['orgId'] }, user: { email: 'admin@instagramdemo.com' } } as object)
      t.is((await run()).status, 409, 'the same address again')
      learn({ '{orgId}': session['orgId'], '{accessToken}': session['accessToken'] })
    },
  ],
  [
    '5.2',
    async (run, { t, serviceUrl, platform, get, learn }) => {
      const { account, simulator } = platform
      const answer = await run()
      t.is(answer.status, 201, answer.text)
      const channel = answer.json<Channel>()
      const callbackUrl = `${serviceUrl}/webhook/${channel.id}`
      t.like(channel as object, {
        channelId: channel.id,
        type: 'INSTAGRAM',
        name: 'Instagram Business Account',
        status: 'ACTIVE',
      })
      t.deepEqual([channel.webhook.callbackUrl, ...channel.warnings], [callbackUrl, 'credentials-not-checked'])
      for (const secret of [get('YOUR_LONG_LIVED_ACCESS_TOKEN'), account.appSecret, 'instagram_verify_token_123']) {
        t.false(answer.text.includes(secret))
      }
      // Step 3.2, in Meta's dashboard.
      account.webhookUrl = channel.webhook.callbackUrl
      t.true(await simulator.handshake(account, 'instagram_verify_token_123'))
      t.false(await simulator.handshake(account, 'another_token'))
      learn({ '{channelId}': channel.id })
    },
  ],
  [
    '5.3',
    async (run, { t, learn }) => {
      const answer = await run()
      t.is(answer.status, 200, answer.text)
      const { authorizeUrl } = answer.json<{ authorizeUrl: string }>()
      const page = await fetch(authorizeUrl, { redirect: 'manual' })
      const back = new URL(page.headers.get('location') ?? '')
      t.is(back.pathname, '/oauth/instagram/callback')
      // What the person's own browser shows there.
      t.regex(await (await fetch(back, { headers: { accept: 'text/html' } })).text(), /One more step/)
      learn({ '{code}': back.searchParams.get('code') ?? '', '{state}': back.searchParams.get('state') ?? '' })
    },
  ],
  [
    '5.3',
    async (run, { t, platform, get }) => {
      const answer = await run()
      t.is(answer.status, 200, answer.text)
      const { status, channel } = answer.json<{ status: string; channel: Channel }>()
      t.deepEqual([status, channel.id], ['RECONNECTED', get('{channelId}')])
      t.true(platform.simulator.subscriptions(platform.account)?.includes('messages'))
      t.is((await run()).status, 403, 'a login is finished once')
    },
  ],
  [
    '6.1',
    async (run, { t }) => {
      const { status, text, type } = await run()
      t.deepEqual([status, text], [200, 'test_challenge'])
      t.regex(type, /^text\/plain/)
    },
  ],
  ['6.2', received],
  [
    '6.3',
    async (run, walk) => {
      await received(run, walk)
      // The same message again.
      await received(run, walk)
    },
  ],
  [
    '7.1',
    async (run, { t }) => {
      const customers = await untilThere<Customer>(run, 2)
      t.like(customers, [
        { platform: 'INSTAGRAM', externalId: 'USER_ID_123', displayName: 'Instagram user …_123' },
        { platform: 'INSTAGRAM', externalId: 'instagram_user_123', displayName: 'John Doe' },
      ])
    },
  ],
  [
    '7.2',
    async (run, { t, get, inOrg, learn }) => {
      const tickets = await untilThere<Ticket>(run, 2)
      const both = { kind: 'DM', status: 'OPEN', unreadCount: 1, platform: 'INSTAGRAM', channelId: get('{channelId}') }
      t.like(tickets, [
        { ...both, number: 2, lastMessagePreview: 'Hi there! I have a question about your product.' },
        { ...both, number: 1, lastMessagePreview: 'Hello! I need help with my order' },
      ])
      for (const { id } of tickets) {
        const { data } = await inOrg<List<Message>>(`/tickets/${id}/messages`)
        t.like(data, [{ direction: 'INBOUND', status: 'RECEIVED', verified: false }])
        t.is(data.length, 1)
      }
      learn({ '{ticketId}': tickets[0]?.id })
    },
  ],
  [
    '7.3',
    async (run, { t }) => {
      const one = { type: 'TICKET_NEW_UNASSIGNED', read: false }
      t.like(await untilThere(run, 2), [one, one])
    },
  ],
  [
    '8.1',
    async (run, { t, platform, customer, learn }) => {
      // On the platform too this customer wrote a moment ago: nobody else can be answered.
      await platform.simulator.dm(customer, 'Hi there!', { mid: 'MESSAGE_ID', hold: true })
      const answer = await run()
      t.is(answer.status, 201, answer.text)
      const message = answer.json<Message>()
      t.like(message as object, { status: 'QUEUED', direction: 'OUTBOUND', content: REPLY })
      learn({ '{messageId}': message.id })
    },
  ],
  [
    '8.2',
    async (run, { t, platform, customer, get, inOrg }) => {
      const { simulator } = platform
      const message = await waitFor(async () => {
        const now = (await run()).json<Message>()
        return now.status === 'QUEUED' || now.status === 'SENDING' ? null : now
      }, PATIENCE_MS)
      t.like(message as object, { status: 'SENT', content: REPLY })
      t.deepEqual(
        simulator.received(customer).map(({ text, mid }) => ({ text, mid })),
        [{ text: REPLY, mid: message.externalId }],
      )
      // Its echo makes no second one.
      const isBack = () => simulator.webhooks.some(({ mid, status }) => mid === message.externalId && status === 200)
      await waitFor(isBack, PATIENCE_MS)
      const { data } = await inOrg<List<Message>>(`/tickets/${get('{ticketId}')}/messages`)
      t.deepEqual(
        data.map(({ direction, status }) => [direction, status]),
        [
          ['INBOUND', 'RECEIVED'],
          ['OUTBOUND', 'SENT'],
        ],
      )
    },
  ],
  [
    'What the channel has seen',
    async (run, { t }) => {
      const { health, warnings } = (await run()).json<Channel>()
      t.is(typeof health['lastInboundAt'], 'string')
      t.is(typeof health['lastOutboundAt'], 'string')
      t.like(health, { lastError: null, badSignatures: 0, unroutable: 0, quarantined: 0, unknown: 0 })
      t.deepEqual(warnings, [])
    },
  ],
  [
    'Debug commands',
    async (run, walk) => {
      await received(run, walk)
      const { t, get, inOrg } = walk
      // Kept and counted, after everything before it; and nothing is made of it.
      const isCounted = async () => (await inOrg<Channel>(`/channels/${get('{channelId}')}`)).health['unknown'] === 1
      await waitFor(isCounted, PATIENCE_MS)
      const counts = ['customers', 'tickets', 'notifications'].map((of) => inOrg<List<unknown>>(`/${of}`))
      t.deepEqual(
        (await Promise.all(counts)).map(({ data }) => data.length),
        [2, 2, 2],
      )
    },
  ],
]

async function received(...[run, { t }]: Parameters<Step>): Promise<void> {
  const { status, text } = await run()
  t.deepEqual([status, text], [200, 'EVENT_RECEIVED'])
}

const untilThere = <T>(run: () => Promise<CurlAnswer>, count: number): Promise<readonly T[]> =>
  waitFor(async () => {
    const { data } = (await run()).json<List<T>>()
    return data.length >= count ? data : null
  }, PATIENCE_MS)

const nameOf = ({ heading }: Command): string => /^\d+\.\d+/.exec(heading)?.[0] ?? heading

/** Runs every curl of the guide in order and checks what is answered; `visit` is the page of step 2.1. */
export async function walkGuide(walk: Walk, visit: string, curls: readonly Command[]): Promise<void> {
  const { t, serviceUrl, platform } = walk
  t.deepEqual(
    curls.map(nameOf),
    steps.map(([name]) => name),
    'each curl of the guide has its expectation',
  )
  const blanks = createBlanks(walk)
  const run = async (text: string): Promise<CurlAnswer> => {
    const filled = blanks.fill(text)
    return runCurl({ text: filled, words: splitScript(filled)[0]?.words ?? [] })
  }
  const inOrg = async <T>(path: string): Promise<T> => {
    const headers = { Authorization: `Bearer ${blanks.get('{accessToken}')}` }
    const response = await fetch(`${serviceUrl}/orgs/${blanks.get('{orgId}')}${path}`, { headers })
    t.is(response.status, 200)
    return (await response.json()) as T
  }
  const customer = platform.simulator.customer({ id: 'USER_ID_123', account: platform.account, profile: 'missing' })

  const page = await run(`curl "${visit}"`)
  t.is(page.status, 302)
  t.true(page.location.startsWith('https://localhost/?code='), page.location)
  blanks.learn({ '{code-from-step-2.1}': /code=([^&#]+)/.exec(page.location)?.[1] })

  for (const [index, [name, step]] of steps.entries()) {
    const { text } = curls[index] as Command
    t.log(name)
    await step(() => run(text), { ...walk, get: blanks.get, learn: blanks.learn, inOrg, customer })
  }
}

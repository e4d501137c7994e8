import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { createHttpApp } from '../../../../src/adapters/http/app.ts'
import { loadContract } from '../../../../src/adapters/http/contract.ts'
import type { StreamTiming } from '../../../../src/adapters/http/event-stream/stream-timing.ts'
import type { HttpConfig, HttpDeps } from '../../../../src/adapters/http/http-deps.ts'
import { createRateLimits } from '../../../../src/adapters/http/rate-limits.ts'
import { instagramCapabilities } from '../../../../src/adapters/instagram/capabilities.ts'
import { createMediaLinks } from '../../../../src/adapters/security/media-links.ts'
import { actingMember } from '../../../../src/core/actor.ts'
import { KEY_SCOPES } from '../../../../src/core/api-key/api-key.ts'
import type { CreateApiKeyInput } from '../../../../src/core/api-key/create-api-key.ts'
import type { MemberId, OrgId, UserId } from '../../../../src/core/ids.ts'
import type { ChannelAdapter } from '../../../../src/ports/channel-adapter.ts'
import { FakeAccounts } from '../../../fakes/fake-accounts.ts'
import { FakeApiKeys } from '../../../fakes/fake-api-keys.ts'
import { createFakeCore } from '../../../fakes/fake-core.ts'
import { FakeFeed, FakeWakeups } from '../../../fakes/fake-feed.ts'
import { FakeInvitations } from '../../../fakes/fake-invitations.ts'
import { FakeQueries } from '../../../fakes/fake-queries.ts'
import { FakeUploads } from '../../../fakes/fake-uploads.ts'
import { MemorySessions } from '../../../fakes/memory-sessions.ts'
import { RecordingLog } from '../../../fakes/recording-log.ts'
import { assertNoLeak } from '../../../support/planted.ts'

export const PUBLIC_URL = 'https://inbox.example.com'
export const SESSION_SECRET = 'planted-session-secret-0123456789'
export const METRICS_TOKEN = 'planted-metrics-token-0123456789'
export const PASSWORD = 'planted-password-0123456789'

/** Compiling it takes longer than a whole test. */
const contract = loadContract()

type Options = Readonly<{ config?: Partial<HttpConfig>; deps?: Partial<HttpDeps>; timing?: StreamTiming }>

/** The real application on a real port, over fakes. */
export async function startHttp(options: Options = {}) {
  const accounts = new FakeAccounts()
  const queries = new FakeQueries()
  const uploads = new FakeUploads()
  const invitations = new FakeInvitations()
  const feed = new FakeFeed()
  const wakeups = new FakeWakeups()
  const sessions = new MemorySessions()
  const log = new RecordingLog()
  const apiKeys = new FakeApiKeys()
  const fake = createFakeCore(accounts, queries, uploads, invitations, apiKeys)
  const time = { offsetMs: 0 }
  const checks = [{ name: 'database', ok: true, detail: null as string | null }]
  const deps: HttpDeps = {
    core: fake.core,
    queries,
    apiKeys,
    uploads,
    mediaLinks: createMediaLinks([SESSION_SECRET], PUBLIC_URL),
    feed,
    accounts,
    invitations,
    registry: { types: ['API', 'INSTAGRAM'], get: (type) => (type === 'INSTAGRAM' ? anAdapter : null) },
    wakeups,
    clock: { now: () => new Date(Date.now() + time.offsetMs), monotonicMs: () => performance.now() + time.offsetMs },
    log,
    sessions,
    rateLimits: createRateLimits(null),
    health: { ready: async () => checks },
    metrics: new Registry(),
    config: {
      publicUrl: PUBLIC_URL,
      trustProxy: 0,
      production: false,
      sessionTtlMs: 3_600_000,
      sessionIdleMs: 86_400_000,
      exposeDocs: true,
      answerChecks: 'throw',
      ...options.config,
    },
    secrets: { sessionSecrets: [SESSION_SECRET], metricsToken: METRICS_TOKEN, cursorKey: 'planted-cursor-key' },
    contract,
    ...options.deps,
  }
  const http = createHttpApp(deps, options.timing)
  const server = createServer(http.app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`

  /** A request; an object as `body` goes out as JSON. Everything that came back is kept for the search for secrets. */
  const answers: string[] = []
  const call = async (
    method: string,
    path: string,
    init: { body?: unknown; headers?: Record<string, string>; token?: string } = {},
  ) => {
    const { body, headers = {}, token } = init
    const isText = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && !isText && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: isText ? (body as string) : JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = `${[...response.headers].map((header) => header.join(': ')).join('\n')}\n${text}`
    assertNoLeak(answer, `${method} ${path}`)
    answers.push(answer)
    const type = response.headers.get('content-type') ?? ''
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: /json/.test(type) && text !== '' ? JSON.parse(text) : undefined,
    }
  }
  let people = 0
  const signUp = async (email = `person-${++people}@example.com`) => {
    const answer = await call('POST', '/auth/signup', {
      body: { orgName: 'Some Company', name: 'Some Body', email, password: PASSWORD },
    })
    if (answer.status !== 201) throw new Error(`signing up failed: ${answer.text}\n${log.text}`)
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0]!
    const { memberId } = accounts.memberships_.find(({ org }) => org.id === answer.json.orgId)!
    return {
      token: answer.json.accessToken as string,
      orgId: answer.json.orgId,
      userId: answer.json.user.id,
      memberId,
      cookie,
      email,
      answer,
    }
  }
  /** Of somebody who signed up; with every scope, unless it says otherwise. */
  const keyOf = async (
    { orgId, memberId, userId }: Readonly<{ orgId: OrgId; memberId: MemberId; userId: UserId }>,
    limits: Partial<CreateApiKeyInput> = {},
  ) => {
    const actor = actingMember({ orgId, memberId, userId, role: 'OWNER', requestId: 'a-test' })
    const unlimited = { name: 'A program', scopes: KEY_SCOPES, channelIds: null, allowedCidrs: null, expiresAt: null }
    const { key, secret } = await apiKeys.createApiKey(actor, { ...unlimited, ...limits })
    return { id: key.id, secret }
  }
  return {
    ...fake,
    keyOf,
    accounts,
    queries,
    apiKeys,
    uploads,
    invitations,
    feed,
    wakeups,
    sessions,
    log,
    time,
    checks,
    deps,
    url,
    port,
    server,
    app: http,
    answers,
    call,
    signUp,
    async stop() {
      assertNoLeak(log.text, 'the log')
      await http.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type TestServer = Awaited<ReturnType<typeof startHttp>>

const anAdapter = {
  type: 'INSTAGRAM',
  platform: 'INSTAGRAM',
  settings: {
    schema: { properties: { pageId: {}, accessToken: { 'x-secret': true }, appSecret: { 'x-secret': true } } },
  },
  capabilities: instagramCapabilities,
  profiles: { look: async () => ({ status: 'withheld', detail: '' }) },
  app: { name: 'instagram', secrets: [], verifyTokens: [] },
} as unknown as ChannelAdapter

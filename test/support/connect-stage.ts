import { randomUUID } from 'node:crypto'
import {
  createInstagramSimulator,
  type InstagramSimulator,
  type Login,
  type SimulatedAccount,
} from '../../dev/instagram-simulator/index.ts'
import { type Application, type RunningRoleName, startApplication } from '../../src/application.ts'
import { loadConfig } from '../../src/config.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { type Browser, createBrowser } from './browser.ts'
import { type Profile, type TestDatabase, testDatabase } from './database.ts'
import type { ChannelJson } from './inbox-client.ts'
import { planted } from './planted.ts'
import { freePort } from './processes.ts'
import { settings } from './program.ts'
import { deleteQueues } from './rabbit-queues.ts'

export const VERIFY_TOKEN = 'the-verify-token-of-the-app'

/** Somebody of an organization, in their browser and with an API client on the same server. */
export type Person = Readonly<{
  orgId: string
  email: string
  password: string
  browser: Browser
  /** The API with the browser's cookie, JSON both ways. */
  api<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>
  channels(): Promise<readonly (ChannelJson & { config: Record<string, unknown>; name: string })[]>
}>

export type ConnectStage = Readonly<{
  url: string
  /** Of its queues, where it has some on a broker. */
  prefix: string
  db: TestDatabase
  simulator: InstagramSimulator
  log: RecordingLog
  apps: Readonly<Record<Login, Readonly<{ appId: string; appSecret: string }>>>
  /** An account of the app. */
  account(login: Login, username: string): SimulatedAccount
  person(): Promise<Person>
  /** Another one, of the same organization. */
  colleague(of: Person): Promise<Person>
  /** As another process on the same servers takes webhooks and works on them: its address. */
  another(): Promise<string>
  close(): Promise<void>
}>

/**
 * The whole program in this process, over a database of its own, with the simulator for all of Meta's hosts. `given` are
 * further variables.
 */
export async function connectStage(
  profile: Profile,
  given: Readonly<Record<string, string>> = {},
): Promise<ConnectStage> {
  const db = await testDatabase(profile)
  const simulator = await createInstagramSimulator()
  const url = `http://127.0.0.1:${await freePort()}`
  const apps = {
    instagram: { appId: '11223344556677881', appSecret: planted('instagram-app-secret') },
    facebook: { appId: '88776655443322111', appSecret: planted('meta-app-secret') },
  }
  const prefix = `connect-${randomUUID().slice(0, 8)}`
  const services: Record<string, string> =
    profile === 'services'
      ? { RABBITMQ_URL: process.env['TEST_RABBITMQ_URL'] ?? '', REDIS_URL: process.env['TEST_REDIS_URL'] ?? '' }
      : {}
  const environment = (at: string) =>
    settings({
      PORT: new URL(at).port,
      PUBLIC_URL: url,
      DATABASE_URL: db.url,
      SERVICES_PREFIX: prefix,
      SESSION_SECRET: planted('session-secret'),
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
      INSTAGRAM_APP_ID: apps.instagram.appId,
      INSTAGRAM_APP_SECRET: apps.instagram.appSecret,
      META_APP_ID: apps.facebook.appId,
      META_APP_SECRET: apps.facebook.appSecret,
      INSTAGRAM_VERIFY_TOKEN: VERIFY_TOKEN,
      INSTAGRAM_OAUTH_URL: `${simulator.url}/www.instagram.com`,
      INSTAGRAM_TOKEN_URL: `${simulator.url}/api.instagram.com`,
      INSTAGRAM_GRAPH_URL: `${simulator.url}/graph.instagram.com`,
      FACEBOOK_OAUTH_URL: `${simulator.url}/www.facebook.com`,
      FACEBOOK_GRAPH_URL: `${simulator.url}/graph.facebook.com`,
      ...services,
      ...given,
    })
  const log = new RecordingLog()
  const started: Application[] = []
  async function start(roles: readonly RunningRoleName[], at: string): Promise<void> {
    const loaded = loadConfig(environment(at), { role: 'all' })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    started.push(await startApplication({ roles, config: loaded.config, secrets: loaded.secrets, log }))
  }
  await start(['api', 'inbound', 'outbound', 'relay'], url)

  async function personWith(path: string, body: { email: string; password: string }): Promise<Person> {
    const browser = createBrowser(url)
    const page = await browser.post(`${url}${path}`, body)
    const { orgId } = JSON.parse(page.text) as { orgId: string }
    const api = async <T>(method: string, at: string, given?: object) => {
      const { status, text } = await browser.step(`${url}/orgs/${orgId}${at}`, {
        method,
        headers: { accept: 'application/json', ...(given ? { 'content-type': 'application/json' } : {}) },
        ...(given ? { body: JSON.stringify(given) } : {}),
      })
      return { status, body: (text === '' ? null : JSON.parse(text)) as T }
    }
    const channels: Person['channels'] = async () =>
      (await api<{ data: Awaited<ReturnType<Person['channels']>> }>('GET', '/channels')).body.data
    return { orgId, email: body.email, password: body.password, browser, api, channels }
  }

  return {
    url,
    prefix,
    db,
    simulator,
    log,
    apps,
    account: (login, username) => simulator.account({ login, username, name: username, ...apps[login] }),
    person: () =>
      personWith('/auth/signup', {
        ...{ orgName: 'Shop', name: 'Sam' },
        email: `${randomUUID()}@example.com`,
        password: planted('password'),
      }),
    async another() {
      const at = `http://127.0.0.1:${await freePort()}`
      await start(['api', 'inbound'], at)
      return at
    },
    colleague: (of) => personWith('/auth/login', { email: of.email, password: of.password }),
    async close() {
      await Promise.all(started.map((application) => application.close()))
      await simulator.close()
      // The broker may be one that others use too.
      if (services['RABBITMQ_URL']) await deleteQueues(services['RABBITMQ_URL'], prefix)
      await db.close()
    },
  }
}

/** Where the login page sends the browser back to, without going there. */
export async function backFrom(
  person: Person,
  login: Login,
  {
    move = false,
    ...simulated
  }: { move?: boolean; account?: string; denial?: string; scopes?: string; person?: string } = {},
): Promise<string> {
  const started = await person.api<{ authorizeUrl: string }>(
    'GET',
    `/channels/${login}/connect${move ? '?move=true' : ''}`,
  )
  if (started.status !== 200) throw new Error(JSON.stringify(started.body))
  const query = Object.entries(simulated).map(([name, value]) => `&simulate_${name}=${value}`)
  const page = await person.browser.step(`${started.body.authorizeUrl}${query.join('')}`)
  if (page.location === null) throw new Error(`No way back: ${page.text}`)
  return page.location
}

export type Finished = Readonly<{ status: number; body: Record<string, unknown> & { code?: string } }>

/** Goes back there as an API client does; a browser would get a page. */
export async function finish({ browser }: Pick<Person, 'browser'>, back: string): Promise<Finished> {
  const { status, text } = await browser.step(back, { headers: { accept: 'application/json' } })
  return { status, body: JSON.parse(text) as Finished['body'] }
}

/** The account is this person's to answer from now on; answers the channel's id. */
export async function connected(
  person: Person,
  account: SimulatedAccount,
  options: { move?: boolean; person?: string } = {},
): Promise<string> {
  const { status, body } = await finish(
    person,
    await backFrom(person, account.login, { ...options, account: account.id }),
  )
  if (status !== 200) throw new Error(JSON.stringify(body))
  if (body['status'] !== 'CHOOSE') return (body['channel'] as ChannelJson).id
  const choice = { choice: body['choice'], account: account.id }
  const chosen = await person.api<{ channel: ChannelJson }>('POST', `/channels/${account.login}/connect`, choice)
  if (chosen.status !== 200) throw new Error(JSON.stringify(chosen.body))
  return chosen.body.channel.id
}

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { parse } from 'yaml'
import { testDatabase } from '../support/database.ts'
import { freePort, type StartedProcess, startProcess, waitFor } from '../support/processes.ts'
import { deleteQueues } from '../support/rabbit-queues.ts'

// The commands of docker-compose.yml, built as the image builds them, against real servers: all that an engine would add is
// the containers around them.

type Service = Readonly<{
  command?: readonly string[]
  environment: Readonly<Record<string, string | number>>
  healthcheck: Readonly<{ disable?: boolean; test?: readonly string[] }>
}>

const root = new URL('../..', import.meta.url).pathname
const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>
}
const WORKERS = ['worker-inbound', 'worker-outbound', 'relay', 'scheduler']
const RABBITMQ = process.env['TEST_RABBITMQ_URL'] ?? ''
const REDIS = process.env['TEST_REDIS_URL'] ?? ''
const missing = ['TEST_DATABASE_URL', 'TEST_RABBITMQ_URL', 'TEST_REDIS_URL'].filter((name) => !process.env[name])
const title = 'services: every command of the compose file starts, is healthy, does its part and ends with 0'

const operator: Record<string, string> = {
  POSTGRES_PASSWORD: 'owner-Pw1',
  DATABASE_PASSWORD: 'login-Pw2',
  REDIS_PASSWORD: 'redis-Pw3',
  RABBITMQ_PASSWORD: 'rabbit-Pw4',
  SESSION_SECRET: randomBytes(24).toString('hex'),
  ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  PUBLIC_URL: 'https://inbox.example.com',
  SERVICES_PREFIX: `compose-${randomBytes(4).toString('hex')}`,
}

const interpolated = (value: string | number): string =>
  String(value).replace(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, fallback: string) => operator[name] ?? fallback)

if (missing.length > 0) {
  if (process.env['REQUIRE_SERVICES'] === '1') test(title, (t) => t.fail(`${missing.join(', ')} not set`))
  else test.skip(`${title} (not run, since ${missing.join(', ')} name no server)`, () => {})
} else {
  test(title, async (t) => {
    t.timeout(240_000)
    const database = await testDatabase('services')
    t.teardown(() => database.close())
    t.teardown(() => deleteQueues(RABBITMQ, operator['SERVICES_PREFIX'] ?? ''))
    const dist = await build()
    t.teardown(() => rmSync(dist, { recursive: true, force: true }))

    /** The service's own environment; only where the servers are is this machine's. */
    const environmentOf = async (name: string): Promise<Record<string, string>> => {
      const env = Object.fromEntries(
        Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, interpolated(value)]),
      )
      const servers: Record<string, string> = {
        DATABASE_URL: database.url,
        DATABASE_ADMIN_URL: database.adminUrl,
        RABBITMQ_URL: RABBITMQ,
        REDIS_URL: REDIS,
      }
      for (const [key, url] of Object.entries(servers)) if (env[key] !== undefined) env[key] = url
      for (const key of ['PORT', 'METRICS_PORT']) if (env[key] !== undefined) env[key] = String(await freePort())
      return { ...env, HOST: '127.0.0.1' }
    }
    const run = (command: readonly string[], env: Record<string, string>): StartedProcess => {
      const [node, ...args] = command
      if (node !== 'node') throw new Error(`not a command of the image: ${command.join(' ')}`)
      return startProcess(process.execPath, args, env, { cwd: dist })
    }

    const migrate = run(services['migrate']?.command ?? [], await environmentOf('migrate'))
    t.is((await migrate.exited).code, 0, migrate.output())

    const started: [string, StartedProcess, Record<string, string>][] = []
    for (const name of ['api', ...WORKERS]) {
      const env = await environmentOf(name)
      started.push([name, run(services[name]?.command ?? [], env), env])
    }
    for (const [name, , env] of started) {
      const [, ...check] = services[name]?.healthcheck.test ?? []
      await waitFor(async () => (await run(check, env).exited).code === 0, 60_000)
      t.pass(`${name} is healthy`)
    }
    await roundTrip(`http://127.0.0.1:${started[0]?.[2]['PORT']}`)
    for (const [name, program] of started) t.is((await program.end()).code, 0, `${name}: ${program.output()}`)
  })
}

type Listed = { id: string; type: string; changes: { to?: string } }
type Answer = { accessToken: string; orgId: string; channelId: string; data: Listed[] }

/** Signed up, a message in, a reply out: every role has a part in it. */
async function roundTrip(url: string): Promise<void> {
  const call = async (method: string, path: string, body: unknown, token: string): Promise<Answer> => {
    const headers = {
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    }
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text.startsWith('{') ? JSON.parse(text) : {}) as Answer
  }
  const person = { orgName: 'Compose', name: 'Pat', email: 'pat@example.com', password: 'a-Long-enough-one-4711' }
  const { accessToken, orgId } = await call('POST', '/auth/signup', person, '')
  const secret = 'a-secret-of-the-channel'
  const { channelId } = await call(
    'POST',
    `/orgs/${orgId}/channels`,
    { type: 'API', name: 'Shop', config: { secret } },
    accessToken,
  )
  await call(
    'POST',
    `/webhook/${channelId}`,
    { senderPhone: 'p-1', senderName: 'Ann', message: 'Hello', messageId: 'm-1' },
    secret,
  )
  const tickets = () => call('GET', `/orgs/${orgId}/tickets`, null, accessToken)
  const ticket = await waitFor(async () => (await tickets()).data[0], 30_000)
  await call('POST', `/orgs/${orgId}/tickets/${ticket.id}/messages`, { content: 'Good day' }, accessToken)
  const events = () => call('GET', `/orgs/${orgId}/events`, null, accessToken)
  await waitFor(
    async () =>
      (await events()).data.some(({ type, changes }) => type === 'message.status_changed' && changes.to === 'SENT'),
    30_000,
  )
}

/** As the Dockerfile does: the build, and beside it what the program reads. */
async function build(): Promise<string> {
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'compose-'))
  await promisify(execFile)(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')],
    { cwd: root },
  )
  for (const file of ['package.json', 'openapi.yaml', 'postman-collection.json'])
    cpSync(join(root, file), join(folder, file))
  return folder
}

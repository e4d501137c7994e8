import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Client } from 'pg'
import { createApi } from '../dev/demo/api.ts'
import { createInstagramSimulator } from '../dev/instagram-simulator/index.ts'
import { requestOf } from './support/curl.ts'
import { PATIENCE_MS, type Platform, walkGuide } from './support/guide-walk.ts'
import { blocksOf, commandsIn } from './support/markdown-commands.ts'
import { assertNoneLeft, processesOn, waitFor } from './support/processes.ts'
import { dataFolder, projectCopy, ROOT, startScript, startService } from './support/program.ts'
import { onServer } from './support/template.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const guide = read('docs/instagram-setup.md')
const commands = commandsIn(guide)
const curls = commands.filter(({ words }) => words[0] === 'curl')
const others = commands.filter(({ words }) => words[0] !== 'curl')
const visit =
  blocksOf(guide)
    .find(({ heading }) => heading.startsWith('2.1'))
    ?.text.trim() ?? ''

/** Meta is not called; everything else is as the guide says. */
const metaIs = ({ simulator: { url }, account }: Platform) => ({
  INSTAGRAM_GRAPH_URL: url,
  FACEBOOK_GRAPH_URL: url,
  INSTAGRAM_OAUTH_URL: url,
  INSTAGRAM_TOKEN_URL: url,
  INSTAGRAM_APP_ID: account.appId,
  INSTAGRAM_APP_SECRET: account.appSecret,
})

async function platformFor(t: ExecutionContext): Promise<Platform> {
  let aheadMs = 0
  const simulator = await createInstagramSimulator({ clock: () => new Date(Date.now() + aheadMs) })
  t.teardown(() => simulator.close())
  return {
    simulator,
    account: simulator.account(),
    ahead: (hours) => {
      aheadMs = hours * 3_600_000
    },
  }
}

type Promised = Readonly<{
  calls: readonly Readonly<{
    step: string
    method: string
    host?: string
    path: string
    headers: object
    data: string | null
    form: object | null
  }>[]
  commands: readonly string[]
}>

test('every call that the first edition of the guide promised stands in it, unchanged in method, path and body', (t) => {
  const promised = JSON.parse(read('test/fixtures/guide/promised-calls.json')) as Promised
  const given = curls.map(({ words, heading }) => {
    const { url, ...request } = requestOf(words)
    const { host } = new URL(url)
    const step = /^\d+\.\d+/.exec(heading)?.[0] ?? 'debug'
    return { step, host, path: url.slice(url.indexOf(host) + host.length), ...request }
  })
  t.is(promised.calls.length, 12)
  let from = 0
  for (const call of promised.calls) {
    const { step, method, path, headers, data, form } = call
    // Meta's hosts have changed, ours has not.
    const host = call.host ?? given.find((other) => other.path === path)?.host
    const at = given.findIndex((other, index) => index >= from && other.step === step && other.path === path)
    t.deepEqual(given[at] as object, { step, host, method, path, headers, data, form }, `step ${step}`)
    from = at + 1
  }
  for (const text of promised.commands)
    t.true(
      others.some((command) => command.text === text),
      text,
    )
})

test('what the guide runs besides names scripts, services and variables that exist', (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const services = [...read('docker-compose.yml').matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name]) => name)
  const environment = read('.env.example')
  for (const { words, text } of others) {
    const [program = '', ...args] = words
    const assigned = /^([A-Z_]+)=(.*)$/.exec(text)
    if (assigned) t.true(environment.includes(`\n#${assigned[1]}=${assigned[2]}\n`), text)
    else if (program === 'pnpm') t.deepEqual([args[0], typeof scripts[args[1] ?? '']], ['run', 'string'], text)
    else if (program === 'docker-compose') {
      const [subcommand, ...names] = args
      const wanted = subcommand === 'exec' ? names.slice(0, 1) : names.filter((name) => !name.startsWith('-'))
      t.true(['up', 'logs', 'exec'].includes(subcommand ?? ''), text)
      for (const name of wanted) t.true(services.includes(name), text)
    } else if (program === 'ngrok') t.deepEqual(args, ['http', '3001'])
    // Run below.
    else t.is(program, 'psql', `what is ${text}?`)
  }
})

test.serial('each step of the guide works as written, on the embedded database', async (t) => {
  t.timeout(180_000)
  const platform = await platformFor(t)
  const folder = await dataFolder(t, 'guide')
  const service = await startService(t, {
    DATA_DIR: folder,
    ALLOW_UNVERIFIED_WEBHOOKS: 'true',
    ...metaIs(platform),
  })
  await walkGuide({ t, serviceUrl: service.url, platform }, visit, curls)

  const look = others.find(({ words }) => words[0] === 'psql')?.words.map((word) => word.replace('$PWD/data', folder))
  t.deepEqual(look, ['psql', '-h', `${folder}/pg`, '-U', 'bootstrap', 'delightchat'])
  const client = new Client({ host: look?.[2], user: look?.[4], database: look?.[5] })
  await client.connect()
  const { rows } = await client.query('select count(*)::int as customers from customers')
  await client.end()
  t.deepEqual(rows, [{ customers: 2 }])

  t.is((await service.process.end()).code, 0, service.process.output())
  await assertNoneLeft(service.process)
  t.deepEqual(processesOn(folder), [])
})

test.serial(
  'step 4.2 as written: four processes share one data folder, a message goes both ways, and all of it ends',
  async (t) => {
    t.timeout(180_000)
    const scripts = others.flatMap(({ words, heading }) =>
      heading.startsWith('4.2') && words[0] === 'pnpm' ? [words[2] ?? ''] : [],
    )
    t.deepEqual(scripts, ['db:push', 'start:dev', 'worker:inbound', 'worker:outbound'])
    const platform = await platformFor(t)
    const { simulator, account } = platform
    const folder = await dataFolder(t, 'terminals')
    const settings = { DATA_DIR: folder, ...metaIs(platform) }
    const project = { cwd: await projectCopy(t) }

    const push = startScript(t, 'db:push', settings, project)
    t.is((await push.exited).code, 0, push.output())
    const service = await startService(t, settings, 'start:dev', project)
    const inbound = startScript(t, 'worker:inbound', settings, project)
    const outbound = startScript(t, 'worker:outbound', settings, project)
    await inbound.says(/"roles":\["inbound"\]/)
    await outbound.says(/"roles":\["outbound"\]/)

    const api = createApi(service.url)
    await api.signUp({ orgName: 'Acme', name: 'Ada', email: 'ada@acme.example', password: 'a good long password' })
    const { id: pageId, accessToken, appSecret } = account
    const config = { pageId, accessToken, appSecret, webhookVerifyToken: 'token' }
    const channel = await api.createChannel({ type: 'INSTAGRAM', name: 'Instagram', config })
    account.webhookUrl = channel.webhook.callbackUrl
    const customer = simulator.customer()
    t.is((await simulator.dm(customer, 'Is anybody there?')).status, 200)
    const ticket = await waitFor(async () => (await api.tickets())[0], PATIENCE_MS)
    const reply = await api.reply(ticket.id, 'Four of us.')
    await waitFor(async () => (await api.message(ticket.id, reply.id)).status === 'SENT', PATIENCE_MS)
    t.deepEqual(
      simulator.received(customer).map(({ text }) => text),
      ['Four of us.'],
    )

    const started = [inbound, outbound, service.process]
    for (const { code } of await Promise.all(started.map((process) => process.end()))) t.is(code, 0)
    for (const process of [push, ...started]) await assertNoneLeft(process)
    t.deepEqual(processesOn(folder), [])
  },
)

const mixed = 'each step of the guide works as written, on its own PostgreSQL and Redis and without a broker'
const databaseUrl = process.env['TEST_DATABASE_URL'] ?? ''
const redisUrl = process.env['TEST_REDIS_URL'] ?? ''
const why = Object.entries({ TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl }).flatMap(([name, url]) =>
  url === '' ? [`${name} does not name a server`] : [],
)
if (why.length === 0) test.serial(mixed, onServices)
else if (process.env['REQUIRE_SERVICES'] === '1') test(mixed, (t) => t.fail(why.join(' and ')))
else test.skip(`${mixed}: not run, since ${why.join(' and ')}`, () => {})

async function onServices(t: ExecutionContext): Promise<void> {
  t.timeout(180_000)
  const platform = await platformFor(t)
  const name = `dc_test_${Date.now()}_guide`
  await onServer({ url: databaseUrl }, (client) => client.query(`create database ${name}`))
  t.teardown(() => onServer({ url: databaseUrl }, (client) => client.query(`drop database ${name} with (force)`)))
  const own = new URL(databaseUrl)
  own.pathname = `/${name}`
  const settings = { DATABASE_URL: own.toString(), REDIS_URL: redisUrl, DATA_DIR: await dataFolder(t, 'mixed') }

  const push = startScript(t, 'db:push', settings)
  t.is((await push.exited).code, 0, push.output())
  const service = await startService(t, {
    ...settings,
    ALLOW_UNVERIFIED_WEBHOOKS: 'true',
    ...metaIs(platform),
  })
  t.regex(service.process.output(), /database: postgresql .+ queue: database .+ sessions: redis/)
  await walkGuide({ t, serviceUrl: service.url, platform }, visit, curls)
  t.is((await service.process.end()).code, 0, service.process.output())
  await assertNoneLeft(service.process)
}

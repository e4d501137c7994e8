import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { renderEnvExample } from '../src/config/env-example.ts'
import { problemsReport } from '../src/config/report.ts'
import { variables } from '../src/config/variables.ts'
import { type Environment, loadConfig, type Role, redactUrl, roles } from '../src/config.ts'
import { healthUrl } from '../src/health-check.ts'

const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`
const production: Environment = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://inbox.example.com',
  DATABASE_URL: 'postgres://dc_login:a-real-password@db:5432/delightchat',
  SESSION_SECRET: 's'.repeat(32),
  ENCRYPTION_KEYS: key('k1', 1),
}

const folders: string[] = []
test.after.always(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
/** Already has its secrets, so that only the tests about making them see a warning. */
const settledDataDir = temporaryFolder()
loadConfig({ DATA_DIR: settledDataDir }, { role: 'all' })

test('an empty environment is the embedded profile, with every default', (t) => {
  const { config, warnings } = accepted({})
  t.like(config, {
    environment: 'development',
    port: 3001,
    host: '127.0.0.1',
    publicUrl: 'http://localhost:3001',
    trustProxyHops: 0,
    services: { database: 'embedded', queue: 'database', sessions: 'database' },
    signupMode: 'open',
    instagramGraphUrl: 'https://graph.instagram.com',
    facebookGraphUrl: 'https://graph.facebook.com',
    metaGraphVersion: 'v26.0',
    allowUnverifiedWebhooks: false,
    reopenWindowHours: 72,
    rawEventRetentionDays: 14,
    historyImportDays: 30,
    historyImportConversations: 500,
    historySweepMinutes: 60,
    logLevel: 'info',
    metricsPort: null,
  })
  t.deepEqual(warnings, [])
})

test('an app id needs its secret, and in production people log in over https', (t) => {
  for (const app of ['INSTAGRAM', 'META']) {
    const names = (environment: Environment) => {
      const loaded = loadConfig({ DATA_DIR: settledDataDir, ...environment }, { role: 'all' })
      return loaded.ok ? [] : loaded.problems.map(({ name }) => name)
    }
    t.deepEqual(names({ [`${app}_APP_ID`]: '1122' }), [`${app}_APP_ID`])
    t.deepEqual(names({ [`${app}_APP_ID`]: '1122', [`${app}_APP_SECRET`]: 's' }), [])
    // It signs webhooks all the same.
    t.deepEqual(names({ [`${app}_APP_SECRET`]: 's' }), [])
    t.deepEqual(names({ [`${app}_APP_ID`]: 'the app', [`${app}_APP_SECRET`]: 's' }), [`${app}_APP_ID`])
    t.deepEqual(names({ ...production, FACEBOOK_OAUTH_URL: 'http://login.example' }), ['FACEBOOK_OAUTH_URL'])
  }
})

test('S142: in production tokens go to Graph over https, and no broker has its default password, but on this machine', (t) => {
  const names = (environment: Environment) => {
    const loaded = loadConfig({ ...production, ...environment }, { role: 'all' })
    return loaded.ok ? [] : loaded.problems.map(({ name }) => name)
  }
  for (const name of ['INSTAGRAM_GRAPH_URL', 'FACEBOOK_GRAPH_URL'] as const) {
    t.deepEqual(names({ [name]: 'http://graph.example' }), [name])
    t.deepEqual(names({ [name]: 'http://127.0.0.1.example' }), [name])
    for (const url of ['https://graph.example', 'http://127.0.0.1:4000', 'http://[::1]:4000', 'http://localhost:4000'])
      t.deepEqual(names({ [name]: url }), [], url)
  }
  t.deepEqual(names({ RABBITMQ_URL: 'amqp://guest:guest@rabbit.example:5672' }), ['RABBITMQ_URL'])
  t.deepEqual(names({ RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672' }), [])
})

test('each service variable chooses its own implementation', (t) => {
  const given = { REDIS_URL: 'redis://localhost', RABBITMQ_URL: 'amqp://localhost' }
  t.deepEqual(accepted(given).config.services, { database: 'embedded', queue: 'rabbitmq', sessions: 'redis' })
})

test('an empty variable counts as unset', (t) => {
  const given = Object.fromEntries(variables.map(({ name }) => [name, name === 'DATA_DIR' ? settledDataDir : '  ']))
  t.deepEqual(accepted(given).config, accepted({}).config)
})

test('the public address follows the port, and has no slash at its end', (t) => {
  t.is(accepted({ PORT: '4000' }).config.publicUrl, 'http://localhost:4000')
  t.is(accepted({ PUBLIC_URL: 'https://a.example/inbox//' }).config.publicUrl, 'https://a.example/inbox')
})

test('X2: everything wrong is named at once, in sentences', (t) => {
  const problems = refused({
    PORT: '80000',
    HOST: 'localhost:3001',
    PUBLIC_URL: 'inbox.example.com',
    DATABASE_URL: 'mysql://root@db/app',
    RABBITMQ_URL: 'http://broker',
    REDIS_URL: 'localhost',
    SESSION_SECRET: 'one,,two',
    ENCRYPTION_KEYS: 'k1:short',
    SIGNUP_MODE: 'closed',
    META_GRAPH_VERSION: '26',
    ALLOW_UNVERIFIED_WEBHOOKS: 'yes',
    REOPEN_WINDOW_HOURS: '1.5',
    NODE_ENV: 'staging',
    LOG_LEVEL: 'loud',
  })
  t.is(problems.length, 14)
  for (const { name, problem } of problems) t.true(problem.startsWith(`${name} must be `), problem)
  t.is(problems[0]?.problem, 'PORT must be a port number from 0 to 65535, but is "80000".')
  const report = problemsReport(problems)
  t.regex(report, /^14 settings are wrong:\n {2}- PORT must be/)
})

test('S106: a limit that is none, or beyond what it may be, is no limit and no start', (t) => {
  const limits = variables.flatMap(({ name, schema }) => (schema.type === 'integer' ? [{ name, ...schema }] : []))
  t.true(limits.length > 10)
  for (const { name, minimum, maximum } of limits) {
    const wrong = [minimum - 1, maximum + 1, -1, '1.5', '1e3', '0x10', '1_000', '1mb', 'Infinity', 'NaN', 'none', '٣']
    for (const value of wrong) {
      const named = refused({ [name]: String(value) }).map((problem) => problem.name)
      t.true(named.includes(name), `${name}=${value}`)
    }
  }
})

test('X2: no message shows a secret, not even one that is wrong', (t) => {
  const planted = 'planted-Zx81'
  const secretNames = variables.filter((variable) => 'secret' in variable).map(({ name }) => name)
  const wrong = Object.fromEntries(secretNames.map((name) => [name, `${planted},`]))
  for (const NODE_ENV of ['production', 'development']) {
    const problems = refused({ ...wrong, NODE_ENV, PUBLIC_URL: `https://user:${planted}@inbox.example.com` })
    t.true(problems.length >= 5)
    t.notRegex(JSON.stringify(problems), new RegExp(planted))
  }
})

test('secrets are no part of the configuration and cannot be printed by mistake', (t) => {
  const { config, secrets } = accepted({
    ...production,
    METRICS_TOKEN: 'm'.repeat(40),
    INSTAGRAM_API_KEY: 'IGAA-token',
  })
  t.is(secrets.instagramApiKey, 'IGAA-token')
  t.is(secrets.databaseUrl, production['DATABASE_URL'] ?? '')
  t.true(Object.isFrozen(config) && Object.isFrozen(secrets))
  for (const text of [inspect({ config, secrets }, { depth: 9 }), JSON.stringify({ config, secrets })]) {
    t.notRegex(text, /a-real-password|IGAA-token|ssss|mmmm/)
  }
})

test('in a comma list the first secret comes first, and the keys are read', (t) => {
  const { secrets } = accepted({
    SESSION_SECRET: 'new, old',
    ENCRYPTION_KEYS: `${key('b', 2)},${key('a', 1)}`,
    INSTAGRAM_APP_SECRET: 'next,previous',
    META_APP_SECRET: 'only',
  })
  t.deepEqual(secrets.sessionSecrets, ['new', 'old'])
  t.deepEqual([secrets.instagramAppSecrets, secrets.metaAppSecrets], [['next', 'previous'], ['only']])
  t.deepEqual(
    secrets.encryptionKeys.map(({ id, key: bytes }) => [id, bytes.length, bytes[0]]),
    [
      ['b', 32, 2],
      ['a', 32, 1],
    ],
  )
})

test('two keys with the same id are refused', (t) => {
  t.is(refused({ ENCRYPTION_KEYS: `${key('a', 2)},${key('a', 1)}` })[0]?.name, 'ENCRYPTION_KEYS')
})

test('production starts with its own secrets and listens on every address', (t) => {
  const { config, warnings } = accepted(production)
  t.like(config, { production: true, host: '0.0.0.0', signupMode: 'invite' })
  t.deepEqual(warnings, [])
  t.is(accepted({ ...production, SIGNUP_MODE: 'open' }).config.signupMode, 'open')
})

test('X2: production refuses to start without what it needs', (t) => {
  const names = refused({ NODE_ENV: 'production' }).map(({ name }) => name)
  t.deepEqual(names, ['PUBLIC_URL', 'DATABASE_URL', 'SESSION_SECRET', 'ENCRYPTION_KEYS'])
})

test('a role is asked only for what it uses', (t) => {
  const missing = (role: Role) => refused({ NODE_ENV: 'production' }, role).map(({ name }) => name)
  t.deepEqual(missing('api'), ['PUBLIC_URL', 'DATABASE_URL', 'SESSION_SECRET', 'ENCRYPTION_KEYS'])
  t.deepEqual(missing('outbound'), ['PUBLIC_URL', 'DATABASE_URL', 'SESSION_SECRET', 'ENCRYPTION_KEYS'])
  t.deepEqual(missing('inbound'), ['DATABASE_URL', 'ENCRYPTION_KEYS'])
  t.deepEqual(missing('migrate'), ['DATABASE_URL'])
})

test('production refuses short secrets, wherever they stand in a list', (t) => {
  const problems = refused({ ...production, SESSION_SECRET: `${'s'.repeat(32)},short`, METRICS_TOKEN: 'short' })
  t.deepEqual(problems, [
    { name: 'SESSION_SECRET', problem: 'SESSION_SECRET must have 32 characters or more with NODE_ENV=production.' },
    { name: 'METRICS_TOKEN', problem: 'METRICS_TOKEN must have 32 characters or more with NODE_ENV=production.' },
  ])
})

test('S142: production refuses the local default password of the compose file', (t) => {
  const schemes = { DATABASE_URL: 'postgres', DATABASE_ADMIN_URL: 'postgres', RABBITMQ_URL: 'amqp', REDIS_URL: 'redis' }
  for (const [name, scheme] of Object.entries(schemes)) {
    const given = { [name]: `${scheme}://someone:delightchat%2Dlocal-only@host/db` }
    t.deepEqual(
      refused({ ...production, ...given }).map((each) => each.name),
      [name],
    )
    accepted({ DATABASE_URL: 'postgres://a@h/d', ...given })
  }
})

test('S143: unverified webhooks are refused in production, and warned about elsewhere', (t) => {
  const given = { ALLOW_UNVERIFIED_WEBHOOKS: 'true' }
  t.is(refused({ ...production, ...given })[0]?.name, 'ALLOW_UNVERIFIED_WEBHOOKS')
  const { config, warnings } = accepted(given)
  t.true(config.allowUnverifiedWebhooks)
  t.true(warnings.some((line) => line.startsWith('ALLOW_UNVERIFIED_WEBHOOKS is on')))
})

test('S143: addresses of this machine are refused in production, and warned about elsewhere', (t) => {
  const given = { ALLOW_PRIVATE_URLS: 'true' }
  t.is(refused({ ...production, ...given })[0]?.name, 'ALLOW_PRIVATE_URLS')
  const { config, warnings } = accepted(given)
  t.true(config.allowPrivateUrls)
  t.true(warnings.some((line) => line.startsWith('ALLOW_PRIVATE_URLS is on')))
  t.false(accepted({}).config.allowPrivateUrls)
})

test('development takes unverified webhooks unless told not to', (t) => {
  const allowed = (more: Environment) => {
    const loaded = loadConfig({ DATA_DIR: settledDataDir, ...more }, { role: 'all', dev: true })
    return loaded.ok && loaded.config.allowUnverifiedWebhooks
  }
  t.true(allowed({}))
  t.false(allowed({ ALLOW_UNVERIFIED_WEBHOOKS: 'false' }))
  t.false(allowed(production))
})

test('a public address without TLS is refused in production, but for this machine', (t) => {
  for (const url of ['http://inbox.example.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1:3001']) {
    t.deepEqual(refused({ ...production, PUBLIC_URL: url }), [
      { name: 'PUBLIC_URL', problem: 'PUBLIC_URL must be an https address with NODE_ENV=production.' },
    ])
    t.true(loadConfig({ DATA_DIR: settledDataDir, PUBLIC_URL: url }, { role: 'all' }).ok)
  }
  for (const url of ['http://localhost:3001', 'http://127.0.0.1:3001', 'http://[::1]:3001'])
    t.regex(accepted({ ...production, PUBLIC_URL: url }).warnings.join(), /not https/)
})

test('an address that is open to the network outside production is warned about', (t) => {
  const open = accepted({ HOST: '0.0.0.0' })
  t.regex(open.warnings.join(), /opens the API to the network/)
})

test('an owner address without a database address is refused', (t) => {
  t.is(
    refused({ DATABASE_ADMIN_URL: 'postgres://o@h/d' })[0]?.problem,
    'DATABASE_ADMIN_URL needs DATABASE_URL beside it.',
  )
})

test('secrets are made once, readable by their owner only, and said so once', (t) => {
  const dataDir = temporaryFolder()
  const first = accepted({ DATA_DIR: dataDir })
  const second = accepted({ DATA_DIR: dataDir })
  t.is(statSync(join(dataDir, 'secrets.json')).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(dataDir), ['secrets.json'])
  t.deepEqual({ ...first.secrets }, { ...second.secrets })
  t.is(first.warnings.filter((line) => line.includes('secrets.json')).length, 1)
  t.deepEqual(second.warnings, [])
})

test('no secrets are made while something else is wrong', (t) => {
  const dataDir = temporaryFolder()
  refused({ DATA_DIR: dataDir, PORT: 'x' })
  t.deepEqual(readdirSync(dataDir), [])
})

test('processes that start at once agree on the secrets', async (t) => {
  const dataDir = temporaryFolder()
  const program = `import { loadConfig } from ${JSON.stringify(new URL('../src/config.ts', import.meta.url).href)}
    const loaded = loadConfig({ DATA_DIR: process.argv[1] }, { role: 'all' })
    console.log(loaded.secrets.sessionSecrets[0], Buffer.from(loaded.secrets.encryptionKeys[0].key).toString('hex'))`
  const outputs = await Promise.all(
    Array.from({ length: 6 }, () => output(['--input-type=module', '-e', program, dataDir])),
  )
  t.is(new Set(outputs).size, 1)
  t.regex(outputs[0] ?? '', /^[0-9a-f]{64} [0-9a-f]{64}\n$/)
})

test('a damaged secrets file is a clear problem, and nothing is touched', (t) => {
  const dataDir = temporaryFolder()
  const file = join(dataDir, 'secrets.json')
  for (const damaged of ['', '{"sessionSecret":"abc', '{"sessionSecret":"short","encryptionKeys":"x"}', 'null']) {
    writeFileSync(file, damaged)
    const [problem] = refused({ DATA_DIR: dataDir })
    t.is(problem?.name, 'DATA_DIR')
    t.regex(problem?.problem ?? '', /secrets\.json is damaged/)
    t.is(readFileSync(file, 'utf8'), damaged)
  }
})

test('a secrets file that others can read is warned about', (t) => {
  const dataDir = temporaryFolder()
  accepted({ DATA_DIR: dataDir })
  chmodSync(join(dataDir, 'secrets.json'), 0o644)
  t.regex(accepted({ DATA_DIR: dataDir }).warnings.join(), /can be read by other users/)
})

test('a data folder that cannot be one is a problem, not a crash', (t) => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  t.is(refused({ DATA_DIR: file })[0]?.name, 'DATA_DIR')
})

test('an address is shown without its password', (t) => {
  t.is(redactUrl('postgres://me:hidden@db:5432/app?sslmode=require'), 'postgres://me:***@db:5432/app?sslmode=require')
  t.is(redactUrl('https://graph.example/x?access_token=hidden&a=b'), 'https://graph.example/x?access_token=***&a=b')
  t.notRegex(redactUrl('not an address hidden'), /hidden/)
})

test('.env.example is what the table of variables says (npm run env:example)', (t) => {
  t.is(readFileSync(new URL('../.env.example', import.meta.url), 'utf8'), renderEnvExample())
})

test('nothing in .env.example is in force until it is uncommented, and every example is valid', (t) => {
  const lines = renderEnvExample().split('\n')
  t.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('#')),
    [],
  )
  const examples = Object.fromEntries(
    variables.filter(({ example }) => example !== '').map((each) => [each.name, each.example]),
  )
  const wrong = refused({ ...examples, NODE_ENV: 'production' }).map(({ name }) => name)
  t.false(wrong.includes('PORT') || wrong.includes('PUBLIC_URL'))
  accepted({ ...examples, NODE_ENV: 'development', DATA_DIR: temporaryFolder() })
})

test('every role can be loaded', (t) => {
  for (const role of roles) t.true(loadConfig(production, { role }).ok, role)
})

test('the health check asks the process beside it', (t) => {
  t.is(healthUrl({ NODE_ENV: 'production' }, 'api'), 'http://127.0.0.1:3001/healthz')
  t.is(healthUrl({ HOST: '::1', PORT: '80' }, 'api'), 'http://[::1]:80/healthz')
  t.is(healthUrl({ HOST: '0.0.0.0', METRICS_PORT: '9464' }, 'worker'), 'http://127.0.0.1:9464/healthz')
  t.is(healthUrl({}, 'worker'), null)
})

function accepted(environment: Environment) {
  const loaded = loadConfig({ DATA_DIR: settledDataDir, ...environment }, { role: 'all' })
  if (!loaded.ok) throw new Error(problemsReport(loaded.problems))
  return loaded
}

function refused(environment: Environment, role: Role = 'all') {
  const loaded = loadConfig({ DATA_DIR: settledDataDir, ...environment }, { role })
  if (loaded.ok) throw new Error('the configuration was accepted')
  return loaded.problems
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'delightchat-config-'))
  folders.push(folder)
  return folder
}

async function output(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return (await child.stdout.toArray()).join('')
}

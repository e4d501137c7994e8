import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { freePort, processesOn, startProcess, waitFor } from '../support/processes.ts'
import { dataFolder } from '../support/program.ts'

const start = (env: Record<string, string>, args: string[] = []) =>
  startProcess(process.execPath, ['src/main.ts', ...args], env)

function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'dc-start-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('X2: a wrong configuration ends with 78, the list of what is wrong, and neither a secret nor a stack trace', async (t) => {
  const program = start({
    PORT: 'many',
    LOG_LEVEL: 'loud',
    ENCRYPTION_KEYS: 'k1:a-key-that-is-none',
    DATA_DIR: temporaryFolder(t),
  })
  t.is((await program.exited).code, 78)
  t.regex(program.output(), /ENCRYPTION_KEYS/)
  t.notRegex(program.output(), /a-key-that-is-none/)
  t.regex(program.output(), /PORT/)
  t.regex(program.output(), /LOG_LEVEL/)
  t.notRegex(program.output(), /^\s+at /m)
})

test('X2: production refuses to start on nothing but defaults, and names every variable it needs', async (t) => {
  const program = start({ NODE_ENV: 'production', DATA_DIR: temporaryFolder(t) })
  t.is((await program.exited).code, 78)
  for (const name of ['DATABASE_URL', 'SESSION_SECRET', 'ENCRYPTION_KEYS', 'PUBLIC_URL'])
    t.regex(program.output(), new RegExp(name))
})

test('an unknown role ends with 78 and names the roles there are', async (t) => {
  const program = start({ DATA_DIR: temporaryFolder(t) }, ['supervisor'])
  t.is((await program.exited).code, 78)
  t.regex(program.output(), /api, inbound, outbound, relay, scheduler/)
})

test('npm start takes the role as its argument', async (t) => {
  const folder = temporaryFolder(t)
  const program = startProcess('npm', ['start', '--silent', '--', 'supervisor'], { DATA_DIR: folder })
  t.is((await program.exited).code, 78)
  t.regex(program.output(), /There is no role "supervisor"/)
})

test('a taken port ends with 1 and names the variable, before any data are touched', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const program = start({ PORT: String(port), DATA_DIR: temporaryFolder(t) })
  t.is((await program.exited).code, 1)
  t.regex(program.output(), /set PORT to another one/)
  t.notRegex(program.output(), /Database server/)
})

for (const [role, signal] of [
  ['all', 'SIGTERM'],
  ['all', 'SIGINT'],
  ['migrate', 'SIGTERM'],
] as const) {
  test(`${signal} while role ${role} starts closes what was opened, the embedded server too`, async (t) => {
    t.timeout(240_000)
    const folder = await dataFolder(t, 'start')
    const program = start({ DATA_DIR: folder, PORT: '0' }, [role])
    t.teardown(() => program.end())
    const isStarting = () => existsSync(join(folder, 'pg', 'postmaster.pid'))
    await Promise.race([waitFor(isStarting, 90_000), program.exited])
    program.signal(signal)
    t.deepEqual(await program.exited, { code: 0, signal: null }, program.output())
    t.deepEqual(processesOn(folder), [])
  })
}

// As a service manager, a container engine or a terminal does it; npm passes it on besides.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to the whole process group of npm start ends it in order`, async (t) => {
    t.timeout(240_000)
    const folder = await dataFolder(t, 'group')
    const program = startProcess('npm', ['start', '--silent'], { DATA_DIR: folder, PORT: '0' }, { ownGroup: true })
    t.teardown(() => program.end())
    await program.says(/listening at http:\/\/127\.0\.0\.1:\d+/, 180_000)
    process.kill(-program.pid, signal)
    await program.exited
    // npm may be gone before what it started.
    await waitFor(() => processesOn(folder).length === 0, 60_000)
    t.regex(program.output(), /shutting down/)
    t.notRegex(program.output(), /second SIG/)
  })
}

test('npm start -- --help names the roles', async (t) => {
  const program = start({ DATA_DIR: temporaryFolder(t) }, ['--help'])
  t.is((await program.exited).code, 0)
  t.regex(program.output(), /Usage: npm start.*\n\n.*scheduler/)
})

for (const [what, command] of [
  ['db:push', ['src/main.ts', 'migrate']],
  ['the command line', ['src/cli.ts', 'member:reset-password', '--email', 'a@example.com']],
] as const) {
  test(`${what} says in a sentence that the database is not there, and ends with 1`, async (t) => {
    const port = await freePort()
    const url = `postgres://somebody:planted-database-password@127.0.0.1:${port}/inbox`
    const program = startProcess(process.execPath, command, {
      DATABASE_URL: url,
      PORT: '0',
      DATA_DIR: temporaryFolder(t),
    })
    t.is((await program.exited).code, 1)
    t.regex(
      program.output(),
      /DATABASE_URL .* cannot be reached at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Is it running\?/,
    )
    t.notRegex(program.output(), /^\s+at |planted-database-password/m)
  })
}

test('X1: the service says in a sentence that the database is not there, once, and waits for it until it is told to end', async (t) => {
  const [port, nobody] = [await freePort(), await freePort()]
  const program = start({
    DATABASE_URL: `postgres://somebody:planted-database-password@127.0.0.1:${nobody}/inbox`,
    PORT: String(port),
    DATA_DIR: temporaryFolder(t),
  })
  t.teardown(() => program.end())
  await program.says(/waiting for the database/, 60_000)
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
  t.is(ready.status, 503)
  const { checks } = (await ready.json()) as { checks: { database: { ok: boolean; detail: string } } }
  t.regex(
    checks.database.detail,
    /DATABASE_URL .* cannot be reached at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Is it running\?/,
  )
  t.is((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
  t.deepEqual(await program.end(), { code: 0, signal: null })
  t.is(program.output().match(/waiting for the database/g)?.length, 1)
  t.notRegex(program.output(), /^\s+at |planted-database-password/m)
})

const DATABASE = process.env['TEST_DATABASE_URL']
const production = (url: string, dataDir: string) => ({
  NODE_ENV: 'production',
  DATABASE_URL: url,
  DATA_DIR: dataDir,
  PUBLIC_URL: 'https://inbox.example.com',
  SESSION_SECRET: 'a-session-secret-of-more-than-32-characters',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
  PORT: '0',
  HOST: '127.0.0.1',
})

if (DATABASE === undefined || DATABASE === '') {
  const why =
    'services: a superuser login in production is refused (not run, since TEST_DATABASE_URL does not name a server)'
  if (process.env['REQUIRE_SERVICES'] === '1') test(why, (t) => t.fail())
  else test.skip(why, () => {})
} else {
  test('S142: services: a superuser login in production ends with 78 and says why', async (t) => {
    const { testDatabase } = await import('../support/database.ts')
    const database = await testDatabase('services')
    t.teardown(() => database.close())
    const program = start(production(database.adminUrl, temporaryFolder(t)))
    t.is((await program.exited).code, 78)
    // The reason itself, and no warning before another reason.
    t.regex(program.output(), /^The database login "[^"]+" is a superuser: .* Log in as dc_login\.$/m)
  })

  for (const [what, change, says] of [
    ['a database that does not exist', (url: URL) => (url.pathname = '/no-such-database'), /there is no such database/],
    ['a login that does not exist', (url: URL) => (url.username = 'nobody-of-this-name'), /may not come in|password/],
  ] as const) {
    test(`services: ${what} ends with 78 and a sentence`, async (t) => {
      const url = new URL(DATABASE)
      change(url)
      for (const args of [[], ['migrate']]) {
        const program = start(production(url.href, temporaryFolder(t)), [...args])
        t.is((await program.exited).code, 78, program.output())
        t.regex(program.output(), says)
        t.notRegex(program.output(), /^\s+at /m)
      }
    })
  }

  test('services: a database that was never set up ends with 78 and names db:push', async (t) => {
    const { testDatabase } = await import('../support/database.ts')
    const database = await testDatabase('services')
    t.teardown(() => database.close())
    const { Client } = (await import('pg')).default
    const owner = new Client(database.adminUrl)
    await owner.connect()
    await owner.query('drop schema public cascade; create schema public')
    await owner.end()
    const program = start(production(database.url, temporaryFolder(t)))
    t.is((await program.exited).code, 78)
    t.regex(program.output(), /db:push/)
  })
}

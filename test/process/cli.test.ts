import { createHmac } from 'node:crypto'
import test from 'ava'
import { needs } from '../adapters/messaging/needs.ts'
import { signUp } from '../support/inbox-client.ts'
import { planted } from '../support/planted.ts'
import { startProcess, waitFor } from '../support/processes.ts'
import { dataFolder, settings, startService } from '../support/program.ts'

const cli = async (env: Readonly<Record<string, string>>, ...args: string[]) => {
  const program = startProcess(process.execPath, ['src/cli.ts', ...args], settings(env))
  const { code } = await program.exited
  return { code, output: program.output() }
}

const logIn = async (url: string, email: string, password: string) => {
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  return { status: response.status, body: (await response.json()) as { accessToken: string; orgId: string } }
}

const linkIn = (output: string): string => /http\S+/.exec(output)?.[0] ?? ''

const confirmAt = (url: string) => async (link: string, password: string) => {
  const response = await fetch(`${url}/auth/password-reset/confirm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: new URL(link).hash.slice(1), password }),
  })
  return response.status
}

test('what is wrong with a call is said with the usage, and ends with 64', async (t) => {
  for (const [args, says] of [
    [[], /^Name a command\.$/m],
    [['member:remove'], /There is no command "member:remove"/],
    [['member:add', '--email', 'a@example.com'], /--org is missing/],
    [['member:add', '--org', 'o', '--email', 'not an address'], /not an address is no e-mail address/],
    [['member:add', '--org', 'o', '--email', 'a@example.com', '--password', 'short'], /8 to 200 characters/],
    [['member:add', '--org', 'o', '--email', 'a@example.com', '--role', 'KING'], /There is no role KING/],
    [['member:reset-password', '--nonsense'], /Unknown option/],
  ] as const) {
    const { code, output } = await cli({ DATABASE_URL: 'postgres://127.0.0.1:1/none' }, ...args)
    t.is(code, 64, output)
    t.regex(output, says)
    t.regex(output, /Usage:/)
    t.notRegex(output, /^\s+at /m)
  }
})

test('--help prints the usage and ends with 0, also behind a command and without a configuration', async (t) => {
  for (const args of [['--help'], ['-h'], ['member:add', '--help']]) {
    const { code, output } = await cli({ DATABASE_URL: 'nonsense' }, ...args)
    t.is(code, 0, output)
    t.regex(output, /^Usage:\n {2}npm run cli -- member:add /)
  }
})

if (needs(test, 'a member is added and gets a new password', ['TEST_REDIS_URL'])) {
  test('a member is added beside a running service, and a new password ends what was signed in before it', async (t) => {
    const redisUrl = process.env['TEST_REDIS_URL'] ?? ''
    const env = { DATA_DIR: await dataFolder(t, 'cli'), REDIS_URL: redisUrl }
    const { url } = await startService(t, env)
    const owner = await signUp(url)
    const email = `agent-${owner.orgId}@example.com`
    const nobody = await cli(env, 'member:add', '--org', crypto.randomUUID(), '--email', email)
    t.is(nobody.code, 1)
    t.notRegex(nobody.output, /^\s+at /m)

    const added = await cli(env, 'member:add', '--org', owner.orgId, '--email', email, '--role', 'AGENT')
    t.is(added.code, 0, added.output)
    t.notRegex(added.output, /password: \S/i, 'nobody is told a password')
    const [made, confirm] = [planted('password'), confirmAt(url)]
    const link = linkIn(added.output)
    t.regex(link, /\/password-reset#[\w-]{43}$/)
    t.is(await confirm(link, made), 200)
    t.is(await confirm(link, planted('password')), 410, 'a link serves once')
    const session = await logIn(url, email, made)
    t.is(session.status, 200)
    t.is(session.body.orgId, owner.orgId)
    const me = () =>
      fetch(`${url}/auth/me`, { headers: { authorization: `Bearer ${session.body.accessToken}` } }).then(
        ({ status }) => status,
      )
    t.is(await me(), 200)

    const password = planted('password')
    const reset = await cli(env, 'member:reset-password', '--email', email.toUpperCase(), '--password', password)
    t.is(reset.code, 0, reset.output)
    t.notRegex(reset.output, new RegExp(password), 'a password that was given is not printed')
    t.is(await me(), 401, 'the session is still in Redis')
    t.is((await logIn(url, email, made)).status, 401)
    t.is((await logIn(url, email, password)).status, 200)

    const again = await cli(env, 'member:add', '--org', owner.orgId, '--email', email, '--role', 'ADMIN')
    t.is(again.code, 0, again.output)
    t.notRegex(again.output, /http/, 'who has a password keeps it')
    t.is((await logIn(url, email, password)).status, 200)

    const offered = [await cli(env, 'member:reset-password', '--email', email)]
    t.is((await logIn(url, email, password)).status, 401, 'at once')
    offered.push(await cli(env, 'member:reset-password', '--email', email))
    const chosen = planted('password')
    const [older, newer] = offered.map(({ output }) => linkIn(output))
    t.is(await confirm(older ?? '', chosen), 410, 'the newer link takes its place')
    t.is(await confirm(newer ?? '', chosen), 200)
    t.is((await logIn(url, email, chosen)).status, 200)
    const unknown = await cli(env, 'member:reset-password', '--email', 'nobody@example.com')
    t.is(unknown.code, 1)
  })
}

test('what came for accounts that nobody has connected is counted, and not shown', async (t) => {
  const secret = planted('app-secret')
  const env = {
    DATA_DIR: await dataFolder(t, 'cli-unclaimed'),
    INSTAGRAM_APP_SECRET: secret,
    INSTAGRAM_VERIFY_TOKEN: planted('verify-token'),
  }
  const { url } = await startService(t, env)
  t.regex((await cli(env, 'unclaimed:list')).output, /There are none\./)
  const message = { mid: 'm1', text: 'only for the shop' }
  const messaging = [{ sender: { id: '2' }, recipient: { id: '17841400000000077' }, timestamp: Date.now(), message }]
  const body = JSON.stringify({
    object: 'instagram',
    entry: [{ id: '17841400000000077', time: Date.now(), messaging }],
  })
  const { status } = await fetch(`${url}/webhook/instagram`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  })
  t.is(status, 200)
  const counted = await waitFor(async () => {
    const { output } = await cli(env, 'unclaimed:list')
    return /INSTAGRAM {2}17841400000000077 {2}1 entries {2}\d+ bytes/.test(output) ? output : null
  })
  t.notRegex(counted, /only for the shop/)
})

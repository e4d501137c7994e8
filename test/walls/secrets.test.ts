import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { Connection } from 'rabbitmq-client'
import { createClient } from 'redis'
import { startApplication } from '../../src/application.ts'
import { loadConfig } from '../../src/config.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { type ConnectStage, connectStage, type Person, VERIFY_TOKEN } from '../support/connect-stage.ts'
import type { MessageJson, TicketJson } from '../support/inbox-client.ts'
import { planted } from '../support/planted.ts'
import { freePort, waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { dataFolder, settings } from '../support/program.ts'
import { deleteQueues } from '../support/rabbit-queues.ts'
import { onServer } from '../support/template.ts'

/** Longer than anything takes that is not stuck, also on a loaded machine. */
const PATIENCE_MS = 60_000

type Found = Readonly<{ where: string; what: string }>

/** As it is, and as a dump shows bytes. */
function hits(where: string, text: string, secrets: Readonly<Record<string, string>>): Found[] {
  return Object.entries(secrets).flatMap(([what, secret]) =>
    [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
    ]
      .filter((form) => text.includes(form))
      .map((form) => ({ where, what: `${what} as ${form.slice(0, 12)}…` })),
  )
}

onEachProfile((profile) => {
  const keys = [randomBytes(32), randomBytes(32)]
  const given = {
    SESSION_SECRET: `${planted('session-secret')},${planted('older-session-secret')}`,
    ENCRYPTION_KEYS: keys.map((key, index) => `k${index}:${key.toString('base64')}`).join(','),
    METRICS_TOKEN: planted('metrics-token'),
    INSTAGRAM_API_KEY: planted('installation-key'),
    ALLOW_PRIVATE_URLS: 'true',
  }
  let stage: ConnectStage
  let person: Person
  /** What must be nowhere, by what it is. */
  const secrets: Record<string, string> = {}
  /** What may be stored and answered, and is in no log. */
  const words: Record<string, string> = { text: planted('words'), reply: planted('answer'), search: planted('note') }
  const answers: string[] = []
  const calls: { headers: IncomingHttpHeaders; body: string }[] = []
  let callbackCode = 204
  const callback = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      calls.push({ headers: req.headers, body: Buffer.concat(chunks).toString() })
      res.writeHead(callbackCode).end(`${words['reply']}`)
    })
  })

  const sql = <Row extends object>(text: string, values: unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query(text, values)).rows as Row[])
  /** An answer is kept as it came, headers and all. */
  async function ask(method: string, path: string, init: { body?: unknown; headers?: Record<string, string> } = {}) {
    const { body, headers = {} } = init
    const isText = typeof body === 'string'
    const response = await fetch(`${stage.url}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...(body !== undefined && !isText && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    answers.push(`${method} ${response.status} ${JSON.stringify([...response.headers])}\n${text}`)
    return {
      status: response.status,
      json: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : null,
    }
  }

  test.before(async () => {
    await new Promise<void>((resolve) => callback.listen(0, '127.0.0.1', resolve))
    stage = await connectStage(profile, given)
    // Whatever goes through the table of jobs is kept, also what is done with in a moment.
    await sql(`create table jobs_seen (payload bytea, meta text);
      create function keep_job() returns trigger language plpgsql security definer as $$ begin
        insert into jobs_seen values (new.payload, new.meta::text); return new; end $$;
      create trigger keep_job before insert on jobs for each row execute function keep_job()`)
    person = await stage.person()
    await journey()
    await trouble()
  })
  test.after.always(async () => {
    await stage?.close()
    callback.closeAllConnections()
    callback.close()
  })

  let channelId = ''
  let instagramId = ''
  const bearer = () => ({ authorization: `Bearer ${secrets['bearer token']}` })

  async function journey(): Promise<void> {
    Object.assign(secrets, {
      ...{
        password: person.password,
        'metrics token': given.METRICS_TOKEN,
        'installation key': given.INSTAGRAM_API_KEY,
      },
      ...{
        'encryption key': keys[0]?.toString('base64') ?? '',
        'older encryption key': keys[1]?.toString('base64') ?? '',
      },
      ...{ 'app secret of the app': stage.apps.instagram.appSecret, 'verify token of the app': VERIFY_TOKEN },
      ...{ 'access token': planted('access-token'), 'app secret': planted('app-secret') },
      ...{ 'previous app secret': planted('previous-app-secret'), 'verify token': planted('verify-token') },
      ...{ 'channel secret': planted('channel-secret') },
      'callback secret': `whsec_${randomBytes(32).toString('base64')}`,
    })
    given.SESSION_SECRET.split(',').forEach((secret, index) => {
      secrets[`session secret ${index}`] = secret
    })
    for (const [, value] of person.browser.cookies)
      secrets['cookie'] = decodeURIComponent(value).replace(/^s:/, '').split('.')[0] ?? ''
    const login = await fetch(`${stage.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: person.email, password: person.password }),
    })
    secrets['bearer token'] = ((await login.json()) as { accessToken: string }).accessToken
    const key = await fetch(`${stage.url}/orgs/${person.orgId}/api-keys`, {
      method: 'POST',
      headers: { ...bearer(), 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'A program', scopes: ['tickets:read'] }),
    })
    secrets['api key'] = ((await key.json()) as { secret: string }).secret
    const config = {
      ...{ pageId: `1784${Date.now()}`, accessToken: secrets['access token'], appSecret: secrets['app secret'] },
      ...{ previousAppSecret: secrets['previous app secret'], webhookVerifyToken: secrets['verify token'] },
    }
    const channels = `/orgs/${person.orgId}/channels`
    const made = await ask('POST', channels, {
      headers: bearer(),
      body: { type: 'INSTAGRAM', name: 'Instagram', config },
    })
    instagramId = made.json.id
    const { port } = callback.address() as AddressInfo
    const plain = {
      ...{ secret: secrets['channel secret'], callbackSecret: secrets['callback secret'] },
      callbackUrl: `http://127.0.0.1:${port}/replies`,
    }
    channelId = (await ask('POST', channels, { headers: bearer(), body: { type: 'API', name: 'Shop', config: plain } }))
      .json.id
    await ask('POST', `/webhook/${channelId}`, {
      headers: { authorization: `Bearer ${secrets['channel secret']}` },
      body: { senderPhone: 'customer-1', senderName: 'Ann', message: words['text'], messageId: 'm-1' },
    })
    const ticket = await waitFor(async () => {
      const { json } = await ask('GET', `/orgs/${person.orgId}/tickets`, { headers: bearer() })
      return (json.data as TicketJson[])[0]
    }, PATIENCE_MS)
    const messages = `/orgs/${person.orgId}/tickets/${ticket.id}/messages`
    const reply = async (code: number, until: string) => {
      callbackCode = code
      const { json } = await ask('POST', messages, { headers: bearer(), body: { content: words['reply'] } })
      return waitFor(async () => {
        const found = (await ask('GET', `${messages}/${json.id}`, { headers: bearer() })).json as MessageJson
        return found.status === until ? found : null
      }, PATIENCE_MS)
    }
    await reply(204, 'SENT')
    await reply(404, 'FAILED')
    await reply(500, 'UNKNOWN')
  }

  /** Everything that can be wrong, with a secret in it. */
  async function trouble(): Promise<void> {
    const { 'access token': token = '', password = '', 'bearer token': session = '' } = secrets
    const json = { 'content-type': 'application/json' }
    await ask('POST', '/auth/login', { body: { email: person.email, password: `${password}x` } })
    await ask('POST', '/auth/login', { body: { email: person.email, password, more: password } })
    await ask('POST', '/auth/login', { body: `{"password":"${password}`, headers: json })
    await ask('POST', '/auth/signup', { body: { orgName: 'x', name: 'x', email: person.email, password } })
    await ask('GET', `/auth/me?access_token=${session}&token=${token}`)
    await ask('GET', `/auth/me`, { headers: { authorization: `Bearer ${session}x`, cookie: `sid=${session}` } })
    for (const [path, end] of [
      ['tickets', ''],
      ['customers', ''],
      ['tickets', 'x'],
      ['api-keys', ''],
    ])
      await ask('GET', `/orgs/${person.orgId}/${path}`, {
        headers: { authorization: `Bearer ${secrets['api key']}${end}` },
      })
    await ask('GET', `/nowhere?secret=${password}&token=${token}`)
    await ask('GET', `/metrics`, { headers: { authorization: `Bearer ${secrets['metrics token']}x` } })
    const channels = `/orgs/${person.orgId}/channels`
    const config = { pageId: '1', accessToken: token, appSecret: secrets['app secret'] }
    for (const body of [
      { type: 'INSTAGRAM', name: 1, config },
      { type: 'INSTAGRAM', name: 'x', config: { ...config, more: token } },
      { type: 'INSTAGRAM', name: 'x', config: { ...config, accessToken: [token] } },
      { type: 'API', name: 'x', config: { secret: `${token} ${token}` } },
      { type: 'NONE', name: token, config },
    ])
      await ask('POST', channels, { headers: bearer(), body })
    await ask('POST', `${channels}/${instagramId}/verify`, { headers: bearer() })
    const body = JSON.stringify({ object: 'instagram', entry: [{ id: 1, text: words['text'] }] })
    for (const secret of ['app secret', 'previous app secret', 'access token']) {
      const signature = createHmac('sha256', secrets[secret] ?? '')
        .update(body)
        .digest('hex')
      await ask('POST', `/webhook/${instagramId}`, {
        body,
        headers: { ...json, 'x-hub-signature-256': `sha256=${signature}` },
      })
    }
    await ask('POST', `/webhook/${channelId}`, { body: words['text'], headers: { authorization: `Bearer ${token}` } })
    for (const verify of [secrets['verify token'], VERIFY_TOKEN, token])
      await ask('GET', `/webhook/${instagramId}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=${verify}`)
    // The database refuses, and says which row and which statement.
    const tables = ['users', 'channels', 'channel_secrets', 'messages', 'message_parts', 'jobs', 'tickets', 'audit_log']
    for (const table of tables) await sql(`alter table ${table} add constraint never check (false) not valid`)
    try {
      const [ticket] = await sql<{ id: string }>('select id from tickets where org_id = $1', [person.orgId])
      const messages = `/orgs/${person.orgId}/tickets/${ticket?.id}/messages`
      const statuses = [
        await ask('POST', messages, { headers: bearer(), body: { content: words['reply'] } }),
        await ask('POST', channels, { headers: bearer(), body: { type: 'INSTAGRAM', name: 'x', config } }),
        await ask('PATCH', `${channels}/${instagramId}`, {
          headers: bearer(),
          body: { config: { accessToken: `${token}2` } },
        }),
        await ask('POST', '/auth/signup', {
          body: { orgName: 'x', name: 'x', email: `${randomUUID()}@example.com`, password },
        }),
      ].map(({ status }) => status)
      if (statuses.some((status) => status !== 500)) throw new Error(`nothing was forced: ${statuses}`)
      await ask('POST', `/webhook/${channelId}`, {
        headers: { authorization: `Bearer ${secrets['channel secret']}` },
        body: { senderPhone: 'customer-1', message: words['search'], messageId: 'm-2' },
      })
      await waitFor(() => /never/.test(stage.log.text) || null, PATIENCE_MS)
    } finally {
      for (const table of tables) await sql(`alter table ${table} drop constraint never`)
    }
  }

  test(`S117: ${profile}: a dump of the database and the sessions in Redis hold no secret`, async (t) => {
    const tables = await sql<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    t.true(tables.length > 30)
    const found: Found[] = []
    let rows = 0
    for (const { name } of tables) {
      for (const { row } of await sql<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`)) {
        rows++
        found.push(...hits(name, row, secrets))
      }
    }
    t.true(rows > 50, String(rows))
    t.deepEqual(found, [])
    t.true((await sql("select 1 from channel_secrets where sealed like 'v2.k0.%'")).length >= 5)
    if (profile === 'services') {
      const redis = createClient({ url: process.env['TEST_REDIS_URL'] ?? '' })
      await redis.connect()
      const names = await redis.keys(`${stage.prefix}:*`)
      const values = await Promise.all(names.map((name) => redis.dump(name).then((value) => String(value))))
      await redis.close()
      t.true(names.some((name) => name.includes(':session:')))
      t.deepEqual(hits('redis', [...names, ...values].join('\n'), secrets), [])
    }
  })

  test(`S120: ${profile}: what is logged, also of errors everywhere, holds no secret and no customer's words`, (t) => {
    t.true(stage.log.lines.length > 30)
    t.true(stage.log.of('error').length > 3)
    t.deepEqual(hits('log', stage.log.text, { ...secrets, ...words }), [])
  })

  test(`S124: ${profile}: answers hold no secret and nothing of the inside, and errors have one form`, (t) => {
    t.true(answers.length > 30)
    t.deepEqual(hits('answers', answers.join('\n'), secrets), [])
    const errors = answers.filter((answer) => /^\S+ [45]\d\d /.test(answer))
    t.true(errors.length > 15)
    for (const answer of errors) {
      const [head = '', ...text] = answer.split('\n')
      t.regex(head, /application\/problem\+json/, answer)
      t.like(JSON.parse(text.join('\n')), { status: Number(head.split(' ')[1]) }, answer)
      t.notRegex(answer, /\n\s+at |node_modules|insert into|never|constraint/i)
    }
  })

  test(`S123: ${profile}: what goes through the queues holds ids, and no token`, async (t) => {
    const seen = await sql<{ payload: string; meta: string }>(
      `select convert_from(payload, 'UTF8') as payload, meta from jobs_seen`,
    )
    t.true(seen.length > 0)
    t.deepEqual(hits('jobs', seen.map(({ payload, meta }) => `${payload} ${meta}`).join('\n'), secrets), [])
    if (profile !== 'services') return
    // A process that only takes: what it hands over stays in the queue, and can be looked at.
    const prefix = `secrets-${randomUUID().slice(0, 8)}`
    const rabbitUrl = process.env['TEST_RABBITMQ_URL'] ?? ''
    const port = String(await freePort())
    const loaded = loadConfig(
      settings({
        ...{ ...given, PORT: port, DATABASE_URL: stage.db.url, RABBITMQ_URL: rabbitUrl, SERVICES_PREFIX: prefix },
        DATA_DIR: await dataFolder(t, 'secrets'),
      }),
      { role: 'api' },
    )
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const { config, secrets: own } = loaded
    const taker = await startApplication({ roles: ['api'], config, secrets: own, log: new RecordingLog() })
    const rabbit = new Connection(rabbitUrl)
    try {
      const { status } = await fetch(`http://127.0.0.1:${port}/webhook/${channelId}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secrets['channel secret']}`, cookie: `sid=${secrets['bearer token']}` },
        body: JSON.stringify({ senderPhone: 'customer-1', message: 'hello', messageId: 'm-3' }),
      })
      t.is(status, 200)
      const message = await rabbit.basicGet({ queue: `${prefix}.inbound`, noAck: true })
      t.truthy(message)
      t.deepEqual(hits('rabbit', JSON.stringify({ ...message, body: String(message?.body) }), secrets), [])
      t.like(message?.headers, { channelId })
    } finally {
      await taker.close()
      await rabbit.close()
      await deleteQueues(rabbitUrl, prefix)
    }
  })

  test(`${profile}: replies are posted to the channel's callback, signed, and settled by its answer`, async (t) => {
    const [first] = calls
    t.is(calls.filter(({ headers }) => headers['webhook-id'] === first?.headers['webhook-id']).length, 1)
    t.like(JSON.parse(first?.body ?? '{}'), {
      type: 'message.reply',
      data: { channelId, recipient: 'customer-1', content: { kind: 'TEXT', text: words['reply'] } },
    })
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = first?.headers ?? {}
    const key = Buffer.from((secrets['callback secret'] ?? '').slice('whsec_'.length), 'base64')
    t.is(signature, `v1,${createHmac('sha256', key).update(`${id}.${at}.${first?.body}`).digest('base64')}`)
    t.deepEqual(hits('callback', JSON.stringify(calls), secrets), [])
    const failed = await sql<{ status: string; failure: string | null }>(
      `select status, failure->>'code' as failure from message_parts where org_id = $1 and failure is not null`,
      [person.orgId],
    )
    t.deepEqual(failed, [{ status: 'FAILED', failure: 'callback-refused' }])
  })
})

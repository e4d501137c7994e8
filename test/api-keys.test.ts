import test, { type ExecutionContext } from 'ava'
import { SseClient } from './adapters/http/support/sse-client.ts'
import { until } from './adapters/http/support/until.ts'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { connect, type InboxClient, signUp, ticketOf } from './support/inbox-client.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

type Key = Readonly<{ id: string; hint: string; lastUsedAt: string | null; revokedAt: string | null }>
type Made = Readonly<{ key: Key; secret: string; code?: string }>
type List = Readonly<{ data: readonly Readonly<{ id: string; channelId: string }>[]; code?: string }>

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async (t) => {
    t.timeout(60_000)
    stage = await connectStage(profile, { TRUST_PROXY: '1' })
  })
  test.after.always(() => stage?.close())

  const sql = <T>(text: string, params: unknown[] = []) =>
    onServer(stage.db.admin, async (server) => (await server.query(text, params)).rows as T[])
  const make = async (owner: InboxClient, given: object = {}): Promise<Made> => {
    const body = { name: 'A program', scopes: ['tickets:read', 'channels:read', 'customers:read'], ...given }
    const made = await owner.call<Made>('POST', '/api-keys', body)
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    return made.body
  }
  const ask = async <T>(
    owner: InboxClient,
    { secret }: Pick<Made, 'secret'>,
    path: string,
    init: { method?: string; body?: object; headers?: Record<string, string> } = {},
  ) => {
    const { method = 'GET', body, headers = {} } = init
    const response = await fetch(`${stage.url}/orgs/${owner.orgId}${path}`, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...{ authorization: `Bearer ${secret}`, ...headers },
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T & { code?: string } }
  }
  const statusOf = async (owner: InboxClient, made: Made, path = '/tickets') => (await ask(owner, made, path)).status

  test(`${profile}: a key is shown once, kept as a hash, and does what it was made for`, async (t) => {
    const owner = await signUp(stage.url)
    const made = await make(owner)
    t.regex(made.secret, /^dck_[0-9A-Za-z]{39}$/)
    t.true(made.secret.endsWith(made.key.hint.slice(-4)))
    t.is(await statusOf(owner, made), 200)
    const refused = await ask<{ missingPermission: string }>(owner, made, '/members')
    t.like(refused, { status: 403, body: { code: 'forbidden', missingPermission: 'members:read' } })
    const other = await signUp(stage.url)
    t.is(await statusOf(other, made), 404, 'it is of one organization')
    t.is(await statusOf(owner, { ...made, secret: `${made.secret.slice(0, -1)}_` }), 401)
    const altered = made.secret.endsWith('0') ? '1' : '0'
    t.is(await statusOf(owner, { ...made, secret: `${made.secret.slice(0, -1)}${altered}` }), 401)

    const rows = await sql<{ row: string }>('select to_jsonb(k)::text as row from api_keys k where id = $1', [
      made.key.id,
    ])
    t.false(rows[0]!.row.includes(made.secret.slice(4, 40)))
    const [list, one] = [await owner.call('GET', '/api-keys'), await owner.call('GET', `/api-keys/${made.key.id}`)]
    t.is(one.status, 200)
    t.false(JSON.stringify([list.body, one.body]).includes(made.secret))
    const me = await fetch(`${stage.url}/auth/me`, { headers: { authorization: `Bearer ${made.secret}` } })
    t.like(await me.json(), {
      orgId: owner.orgId,
      permissions: ['channels:read', 'tickets:read', 'customers:read'],
      apiKeyId: made.key.id,
      expiresAt: null,
    })
  })

  test(`${profile}: a key is told when it was last used, which is written at most once a minute`, async (t) => {
    const owner = await signUp(stage.url)
    const made = await make(owner)
    const lastUsed = async () => (await owner.call<Key>('GET', `/api-keys/${made.key.id}`)).body.lastUsedAt
    t.is(await lastUsed(), null)
    await Promise.all(Array.from({ length: 5 }, () => ask(owner, made, '/tickets')))
    const first = await lastUsed()
    t.truthy(first)
    await ask(owner, made, '/tickets')
    t.is(await lastUsed(), first)
    await sql(`update api_keys set last_used_at = now() - interval '61 seconds' where id = $1`, [made.key.id])
    await ask(owner, made, '/tickets')
    t.true(Date.parse((await lastUsed())!) >= Date.parse(first!))
  })

  test(`${profile}: a key never does more than its maker may now, and nothing once they are out`, async (t) => {
    const owner = await signUp(stage.url)
    const { channel } = await connect(owner, stage.simulator)
    const made = await make(owner, { scopes: ['channels:read', 'channels:manage'] })
    const rename = () =>
      ask(owner, made, `/channels/${channel.id}`, { method: 'PATCH', body: { name: 'Another name' } })
    t.is((await rename()).status, 200)
    const set = (change: string) => sql(`update memberships set ${change} where org_id = $1`, [owner.orgId])
    await set(`role = 'AGENT'`)
    t.like(await rename(), { status: 403, body: { code: 'forbidden' } })
    t.is(await statusOf(owner, made, '/channels'), 200)
    await set('active = false')
    t.is(await statusOf(owner, made, '/channels'), 401)
    await set(`active = true, role = 'OWNER'`)
    t.is((await rename()).status, 200)
    await set('active = false, removed_at = now()')
    t.is(await statusOf(owner, made, '/channels'), 401)
  })

  test(`${profile}: nobody gives a key what they have not, and no key makes keys or manages people`, async (t) => {
    const owner = await signUp(stage.url)
    await sql(`update memberships set role = 'AGENT' where org_id = $1`, [owner.orgId])
    t.is((await owner.call('POST', '/api-keys', { name: 'x', scopes: ['tickets:read'] })).status, 403)
    await sql(`update memberships set role = 'ADMIN' where org_id = $1`, [owner.orgId])
    for (const scope of ['apikeys:manage', 'members:manage']) {
      t.is((await owner.call('POST', '/api-keys', { name: 'x', scopes: [scope] })).status, 400)
    }
    const invalid = [
      { expiresAt: '2020-01-01T00:00:00Z' },
      { allowedCidrs: ['10.0.0.0/33'] },
      { allowedCidrs: ['1.2.3'] },
    ]
    for (const given of invalid) {
      const { status, body } = await owner.call<Made>('POST', '/api-keys', {
        ...{ name: 'x', scopes: ['tickets:read'] },
        ...given,
      })
      t.is(`${status} ${body.code}`, '422 api-key-invalid')
    }
  })

  test(`${profile}: a key ends with its time or when it is revoked, with a row of the audit log, and its stream within 5 s`, async (t) => {
    t.timeout(20_000)
    const owner = await signUp(stage.url)
    const made = await make(owner, { scopes: ['tickets:read', 'events:read'] })
    const ended = await make(owner, { expiresAt: new Date(Date.now() + 60_000).toISOString() })
    t.is(await statusOf(owner, ended), 200)
    await sql(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [ended.key.id])
    t.is(await statusOf(owner, ended), 401)

    const headers = { authorization: `Bearer ${made.secret}` }
    const stream = await new SseClient(`${stage.url}/orgs/${owner.orgId}/events/stream`, headers).opened()
    t.is(stream.status, 200)
    // As another process revokes it: this one has to find out by itself.
    await sql('update api_keys set revoked_at = now() where id = $1', [made.key.id])
    const before = performance.now()
    await until(() => stream.closed)
    t.true(performance.now() - before < 5_000)
    t.is(await statusOf(owner, made), 401)

    t.is((await owner.call('DELETE', `/api-keys/${ended.key.id}`)).status, 204)
    t.is((await owner.call('DELETE', `/api-keys/${ended.key.id}`)).status, 204)
    t.truthy((await owner.call<Key>('GET', `/api-keys/${ended.key.id}`)).body.revokedAt)
    const audit = await sql<{ action: string }>(
      `select action from audit_log where org_id = $1 and resource_id = $2 order by at, id`,
      [owner.orgId, ended.key.id],
    )
    t.deepEqual(
      audit.map(({ action }) => action),
      ['api-key.created', 'api-key.revoked'],
    )
  })

  test(`S141: ${profile}: a key for some networks is taken from there alone, as the proxy that is believed says`, async (t) => {
    const owner = await signUp(stage.url)
    const made = await make(owner, { allowedCidrs: ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'] })
    const from = async (address: string) =>
      (await ask(owner, made, '/tickets', { headers: { 'x-forwarded-for': address } })).status
    t.deepEqual(
      await Promise.all(
        ['203.0.113.9', '::ffff:203.0.113.9', '2001:db8:1::2', '198.51.100.7:51234', '[2001:db8::9]:1'].map(from),
      ),
      [200, 200, 200, 200, 200],
    )
    t.deepEqual(
      // What a caller claims before the proxy is not believed.
      await Promise.all(['203.0.114.9', '2001:db9::1', '198.51.100.8', '203.0.113.9, 198.51.100.8'].map(from)),
      [403, 403, 403, 403],
    )
    t.is((await ask(owner, made, '/tickets')).body.code, 'ip-not-allowed', 'the proxy itself is no customer of theirs')
  })

  test(`${profile}: a key for some channels finds nothing of another, and is refused where that cannot be held`, async (t) => {
    t.timeout(60_000)
    const owner = await signUp(stage.url)
    const [one, two] = [await connect(owner, stage.simulator), await connect(owner, stage.simulator)]
    const tickets = []
    for (const { account } of [one, two]) {
      const who = stage.simulator.customer({ account })
      await stage.simulator.dm(who, 'Hello')
      tickets.push(await ticketOf(owner, who))
    }
    const [mine, theirs] = tickets
    const made = await make(owner, {
      scopes: [
        'tickets:read',
        'tickets:write',
        'messages:read',
        'messages:send',
        'customers:read',
        'channels:read',
        'channels:manage',
        'events:read',
        'ops:manage',
        'members:read',
      ],
      channelIds: [one.channel.id],
    })
    const idsAt = async (path: string) => (await ask<List>(owner, made, path)).body.data.map(({ id }) => id)
    t.deepEqual(await idsAt('/tickets'), [mine!.id])
    t.deepEqual(await idsAt(`/tickets?channelId=${two.channel.id}`), [])
    t.deepEqual(await idsAt('/customers'), [mine!.customerId])
    t.deepEqual(await idsAt('/channels'), [one.channel.id])
    for (const path of [
      `/tickets/${theirs!.id}`,
      `/tickets/${theirs!.id}/messages`,
      `/customers/${theirs!.customerId}`,
      `/channels/${two.channel.id}`,
      `/channels/${two.channel.id}/raw-events`,
    ]) {
      const other = path.replace(theirs!.id, mine!.id).replace(theirs!.customerId, mine!.customerId)
      t.is(await statusOf(owner, made, other.replace(two.channel.id, one.channel.id)), 200, other)
      t.like(await ask(owner, made, path), { status: 404, body: { code: 'not-found' } }, path)
    }
    const write = { method: 'PATCH', body: { status: 'RESOLVED' } }
    t.is((await ask(owner, made, `/tickets/${theirs!.id}`, write)).status, 404)
    const say = { method: 'POST', body: { content: 'Hello' } }
    t.is((await ask(owner, made, `/tickets/${theirs!.id}/messages`, say)).status, 404)
    t.is((await ask(owner, made, `/tickets/${mine!.id}/messages`, say)).status, 201)
    for (const path of ['/events', '/events/stream', '/dead-letters']) {
      t.like(await ask(owner, made, path), { status: 403, body: { code: 'forbidden' } }, path)
    }
    t.is(await statusOf(owner, made, '/members'), 200, 'people are of no channel')
    await untouched(t, owner, theirs!.id)
  })

  const untouched = async (t: ExecutionContext, owner: InboxClient, id: string) => {
    const { status } = (await owner.call<{ status: string }>('GET', `/tickets/${id}`)).body
    t.is(status, 'OPEN')
    t.is((await owner.messages(id)).length, 1)
  }
})

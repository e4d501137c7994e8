import { request } from 'node:http'
import test from 'ava'
import { backFrom, type ConnectStage, connected, connectStage, finish } from './support/connect-stage.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.after.always(() => stage.close())

  const rows = <T extends object>(text: string, values: readonly unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query<T>(text, [...values])).rows)

  // proves: login.instagram
  test(`${profile}: somebody logs in with Instagram, and the account is theirs to answer`, async (t) => {
    const { simulator, url } = stage
    const account = stage.account('instagram', 'acme.outdoor')
    const person = await stage.person()
    const start = await person.browser.step(`${url}/orgs/${person.orgId}/channels/instagram/connect`)
    t.is(start.status, 302)
    const { searchParams } = new URL(start.location ?? '')
    t.is(searchParams.get('client_id'), stage.apps.instagram.appId)
    t.is(searchParams.get('redirect_uri'), `${url}/oauth/instagram/callback`)

    const page = await person.browser.visit(`${start.location}&simulate_account=${account.id}`)
    t.is(page.status, 200)
    t.regex(page.text, /<h1>Connected<\/h1>/)
    t.regex(page.text, /acme\.outdoor/)

    const [channel, ...others] = await person.channels()
    t.deepEqual(others, [])
    t.like(channel, {
      name: 'acme.outdoor',
      status: 'ACTIVE',
      config: { pageId: account.id, appScopedId: account.appScopedId, login: 'instagram', accessToken: { set: true } },
      webhook: { callbackUrl: `${url}/webhook/instagram`, scope: 'APP' },
    })
    t.true(simulator.subscriptions(account)?.includes('messages'))
    t.deepEqual(
      await rows(
        "select account, alias, channel_id, token_expires_at > now() + interval '59 days' as lasts from account_bindings where org_id = $1",
        [person.orgId],
      ),
      [{ account: account.id, alias: account.appScopedId, channel_id: channel?.id, lasts: true }],
    )
  })

  // proves: out.capabilities
  test(`${profile}: what can be sent is told for each type of channel, and on a ticket for its own`, async (t) => {
    type Surface = Readonly<Record<string, unknown>>
    type Type = Readonly<{
      type: string
      configSchema: Readonly<{ properties: Readonly<Record<string, object>> }>
      capabilities: Readonly<{ surfaces: Readonly<Record<string, Surface>>; replyWindow: object | null }>
    }>
    const person = await stage.person()
    const types = (await person.api<{ data: Type[] }>('GET', '/channel-types')).body.data
    t.deepEqual(
      types.map(({ type }) => type),
      ['API', 'INSTAGRAM'],
    )
    const [plain, instagram] = types as [Type, Type]
    t.like(instagram.configSchema.properties, { accessToken: { 'x-secret': true } })
    t.like(instagram.capabilities, { replyWindow: { dmHours: 24, commentHours: 168 } })
    const { DM: dm, COMMENT: comment } = instagram.capabilities.surfaces
    t.like(dm, { text: { maxBytes: 1_000, split: true }, stickers: ['HEART'], quickReplies: { maxCount: 13 } })
    t.like(dm, { replyTo: { where: { login: 'facebook' } }, publicReply: null })
    t.like(comment, { publicReply: { maxChars: 300 }, commentActions: ['HIDE', 'UNHIDE', 'DELETE'], attachments: null })
    t.is(plain.capabilities.replyWindow, null)

    const account = stage.account('instagram', 'capable')
    await connected(person, account)
    const { appSecret: secret } = stage.apps.instagram
    await stage.simulator.dm(stage.simulator.customer({ account }), 'hi', {
      url: `${stage.url}/webhook/instagram`,
      secret,
    })
    const tickets = async () => (await person.api<{ data: { capabilities: Surface }[] }>('GET', '/tickets')).body.data
    await waitFor(async () => (await tickets()).length === 1, 20_000)
    const [ticket] = await tickets()
    t.deepEqual(ticket?.capabilities['attachments'], dm?.['attachments'])
    t.is(ticket?.capabilities['replyTo'], null, 'Facebook Login only')
  })

  test(`${profile}: logging in again gives the same channel a new token`, async (t) => {
    const account = stage.account('instagram', 'twice')
    const person = await stage.person()
    t.like(await finish(person, await backFrom(person, 'instagram', { account: account.id })), {
      status: 200,
      body: { status: 'CONNECTED' },
    })
    const [before] = await rows('select sealed from channel_secrets where org_id = $1', [person.orgId])
    const [channel] = await person.channels()
    await person.api('PATCH', `/channels/${channel?.id}`, { name: 'Our shop' })
    const again = await finish(person, await backFrom(person, 'instagram', { account: account.id }))
    t.like(again, { status: 200, body: { status: 'RECONNECTED', channel: { id: channel?.id, name: 'Our shop' } } })
    const after = await rows('select sealed from channel_secrets where org_id = $1', [person.orgId])
    t.is(after.length, 1)
    t.notDeepEqual(after[0], before)
    t.is((await rows('select 1 from account_bindings where org_id = $1', [person.orgId])).length, 1)
  })

  // proves: login.denied
  test(`${profile}: whoever says no, or leaves a permission out, has connected nothing`, async (t) => {
    const account = stage.account('instagram', 'reluctant')
    const person = await stage.person()
    const denied = await finish(person, await backFrom(person, 'instagram', { account: account.id, denial: '1' }))
    t.like(denied, { status: 403, body: { code: 'connect-denied' } })
    const scopes = 'instagram_business_basic,instagram_business_manage_comments'
    const partly = await finish(person, await backFrom(person, 'instagram', { account: account.id, scopes }))
    t.like(partly, {
      status: 422,
      body: { code: 'connect-scopes-missing', missing: ['instagram_business_manage_messages'] },
    })
    t.deepEqual(await person.channels(), [])
    t.is(stage.simulator.subscriptions(account), null)
  })

  test(`S90: ${profile}: a login is finished once, by the session that began it, and back at the configured address`, async (t) => {
    const account = stage.account('instagram', 'attacked')
    const person = await stage.person()
    const foreign = await stage.person()
    const sameMember = await stage.colleague(person)
    const invalid = { status: 403, body: { code: 'connect-state-invalid' } }

    const back = await backFrom(person, 'instagram', { account: account.id })
    t.like(await finish(foreign, back), invalid, 'another organization')
    t.like(await finish(sameMember, back), invalid, 'another session of the same member')
    const nobody = await fetch(back, { headers: { accept: 'application/json' } })
    t.is(nobody.status, 401)

    // Somebody lures the victim to the end of a login of their own.
    const theirs = await backFrom(foreign, 'instagram', { account: account.id })
    t.like(await finish(person, theirs), invalid, 'a state of somebody else')
    const mixed = new URL(theirs)
    const forged = new URL(back).searchParams.get('state')?.replace(person.orgId, foreign.orgId) ?? ''
    mixed.searchParams.set('state', forged)
    t.like(await finish(foreign, mixed.href), invalid, 'a state that was moved to another organization')
    for (const state of ['', 'x', `${person.orgId}.`, `${person.orgId}.${'A'.repeat(43)}`]) {
      const made = new URL(back)
      made.searchParams.set('state', state)
      t.like(await finish(person, made.href), invalid, state)
    }
    const without = new URL(back)
    without.searchParams.delete('state')
    t.true([400, 403].includes((await finish(person, without.href)).status), 'no state')
    const other = back.replace('/oauth/instagram/', '/oauth/facebook/')
    t.like(await finish(person, other), invalid, 'a state of the other login')
    t.deepEqual(await person.channels(), [])

    // Where the browser comes back to is not what a request calls this host.
    const cookie = [...person.browser.cookies].map((pair) => pair.join('=')).join('; ')
    const begun = await as('evil.example', `${stage.url}/orgs/${person.orgId}/channels/instagram/connect`, cookie)
    const { authorizeUrl } = JSON.parse(begun) as { authorizeUrl: string }
    t.is(new URL(new URL(authorizeUrl).searchParams.get('redirect_uri') ?? '').origin, stage.url)
    t.notRegex(begun, /evil/)

    // None of it has used the state up.
    t.like(await finish(person, back), { status: 200, body: { status: 'CONNECTED' } })
    t.like(await finish(person, back), invalid, 'a second time')
    const code = new URL(back).searchParams.get('code') ?? ''
    const reused = new URL(await backFrom(person, 'instagram', { account: account.id }))
    reused.searchParams.set('code', code)
    t.like(await finish(person, reused.href), { status: 400, body: { code: 'connect-code-refused' } })
    t.is((await person.channels()).length, 1)
    t.deepEqual(await foreign.channels(), [])
  })

  test(`S90: ${profile}: a login that takes longer than ten minutes is over`, async (t) => {
    const account = stage.account('instagram', 'slow')
    const person = await stage.person()
    const back = await backFrom(person, 'instagram', { account: account.id })
    await rows('update connect_attempts set expires_at = now() where org_id = $1', [person.orgId])
    t.like(await finish(person, back), { status: 403, body: { code: 'connect-state-invalid' } })
    t.deepEqual(await person.channels(), [])
  })

  test(`${profile}: a browser without a session is told how to finish, and has lost nothing`, async (t) => {
    const account = stage.account('instagram', 'elsewhere')
    const person = await stage.person()
    const back = await backFrom(person, 'instagram', { account: account.id })
    const page = await fetch(back, { headers: { accept: 'text/html' } })
    t.is(page.status, 401)
    t.regex(await page.text(), /One more step/)
    t.like(await finish(person, back), { status: 200, body: { status: 'CONNECTED' } })
  })

  test(`${profile}: no token, code or secret is in what was logged or stored in the open`, async (t) => {
    const account = stage.account('instagram', 'discreet')
    const person = await stage.person()
    const back = await backFrom(person, 'instagram', { account: account.id })
    const { searchParams } = new URL(back)
    await finish(person, back)
    const logged = stage.log.text
    for (const secret of [
      searchParams.get('code'),
      searchParams.get('state'),
      'IGAA',
      stage.apps.instagram.appSecret,
    ]) {
      t.true(secret !== null && secret.length >= 4)
      t.false(logged.includes(secret ?? ''))
    }
    const kept = await rows('select settings::text as settings from channels where org_id = $1', [person.orgId])
    t.false(JSON.stringify(kept).includes('IGAA'))
  })
})

/** A request that calls the host by another name, also as a proxy would; its body. */
const as = (host: string, url: string, cookie: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { host, cookie, 'x-forwarded-host': host, accept: 'application/json' }
    request(url, { headers }, (res) =>
      res.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()), reject),
    )
      .on('error', reject)
      .end()
  })

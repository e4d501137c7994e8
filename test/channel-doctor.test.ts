import test from 'ava'
import { type ConnectStage, connected, connectStage, type Person } from './support/connect-stage.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

type Warned = Readonly<{ warnings: readonly string[] }>
type Check = Readonly<{ name: string; ok: boolean | null; detail: string; fix: string | null }>

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.afterEach.always(() => stage.simulator.clearFaults())
  test.after.always(() => stage.close())

  const examine = async (person: Person, channelId: string) => {
    const { status, body } = await person.api<{ checks: readonly Check[] }>('POST', `/channels/${channelId}/verify`)
    const found = new Map((body.checks ?? []).map((check) => [check.name, check]))
    const ok = Object.fromEntries((body.checks ?? []).map(({ name, ok }) => [name, ok]))
    for (const { name, ok, fix } of body.checks ?? []) {
      if (ok === false && !fix) throw new Error(`${name} is out of order, and nobody says what to do`)
      if (ok === true && fix) throw new Error(`${name} is in order, and yet there is something to do`)
    }
    return { status, body, found, ok }
  }

  // proves: login.verify
  test.serial(`${profile}: a connection is examined point by point, each with what to do`, async (t) => {
    const { simulator } = stage
    const person = await stage.person()
    const account = stage.account('instagram', 'examined')
    const channelId = await connected(person, account)
    const fine = await examine(person, channelId)
    t.is(fine.status, 200)
    t.deepEqual(fine.ok, {
      token: true,
      'app-access': true,
      scopes: true,
      'message-access': true,
      // There is no post to see it by.
      'comment-access': null,
      subscription: true,
      'last-event': null,
      'thread-owner': null,
    })
    t.is(fine.found.get('subscription')?.fix, null)
    t.regex(fine.found.get('last-event')?.fix ?? '', /callback URL/)

    await fetch(`${simulator.url}/graph.instagram.com/v26.0/${account.id}/subscribed_apps`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${account.accessToken}` },
    })
    const silent = await examine(person, channelId)
    t.like(silent.found.get('subscription'), { ok: false })
    t.regex(silent.found.get('subscription')?.fix ?? '', /Connect the account again/)

    const message = 'Unsupported request - method type: get'
    simulator.fault({ kind: 'refusal', code: 100, message }, { on: 'account', account: account.id })
    const notLive = await examine(person, channelId)
    t.like(notLive.ok, { token: null, 'app-access': false, subscription: null })
    t.regex(notLive.found.get('app-access')?.fix ?? '', /Live/)
    t.is((await person.channels())[0]?.status, 'ACTIVE')
  })

  test.serial(
    `${profile}: credentials that the platform took are not called unchecked, until they are changed by hand`,
    async (t) => {
      const person = await stage.person()
      const account = stage.account('facebook', 'proven')
      const channelId = await connected(person, account)
      const warnings = async () => (await person.api<Warned>('GET', `/channels/${channelId}`)).body.warnings
      t.deepEqual(await warnings(), [], 'a login has proven them')

      const accessToken = stage.simulator.tokenWith(account, ['instagram_basic'])
      const changed = await person.api<Warned>('PATCH', `/channels/${channelId}`, { config: { accessToken } })
      t.deepEqual(changed.body.warnings, ['credentials-not-checked'])
      t.deepEqual((await examine(person, channelId)).ok['token'], true)
      t.deepEqual(await warnings(), [], 'the doctor has seen them accepted')

      await person.api('PATCH', `/channels/${channelId}`, { name: 'Another name' })
      t.deepEqual(await warnings(), [])
      await person.api('PATCH', `/channels/${channelId}`, { config: { accessToken: 'another-one' } })
      t.deepEqual(await warnings(), ['credentials-not-checked'])
    },
  )

  test.serial(`${profile}: with Facebook the permissions of the token are told as well`, async (t) => {
    const person = await stage.person()
    const channelId = await connected(person, stage.account('facebook', 'by.page'))
    const { ok } = await examine(person, channelId)
    t.like(ok, { token: true, 'app-access': true, scopes: true, 'message-access': true, subscription: true })

    const account = stage.account('facebook', 'by.page.partly')
    const partlyId = await connected(person, account)
    const scopes = ['instagram_basic', 'pages_manage_metadata', 'instagram_manage_comments']
    const accessToken = stage.simulator.tokenWith(account, scopes)
    await person.api('PATCH', `/channels/${partlyId}`, { config: { accessToken } })
    const partly = await examine(person, partlyId)
    t.like(partly.ok, { token: true, scopes: false, 'message-access': false })
    t.regex(partly.found.get('scopes')?.detail ?? '', /lacks instagram_manage_messages\./)
    t.regex(partly.found.get('scopes')?.fix ?? '', /leave every permission on/)
    const told = (await person.channels()).find(({ id }) => id === partlyId)?.health.missingPermissions
    t.deepEqual(told, ['instagram_manage_messages'])
  })

  // proves: login.missing-permission
  test.serial(
    `${profile}: a permission that was left off with Instagram, or switched off on the phone, is found`,
    async (t) => {
      const person = await stage.person()
      const account = stage.account('instagram', 'partly')
      const channelId = await connected(person, account)
      stage.simulator.fault({ kind: 'access-disabled' }, { on: 'conversations', account: account.id, times: 'always' })
      const switchedOff = (await examine(person, channelId)).found.get('message-access')
      t.like(switchedOff, { ok: false })
      t.regex(switchedOff?.fix ?? '', /Allow access to messages/)
      stage.simulator.clearFaults()
      t.like((await examine(person, channelId)).ok, { 'message-access': true })
      const missing = async () => (await person.channels())[0]?.health.missingPermissions
      t.deepEqual(await missing(), [], 'Instagram told at the login')

      const accessToken = stage.simulator.tokenWith(account, ['instagram_business_basic'])
      await person.api('PATCH', `/channels/${channelId}`, { config: { accessToken } })
      t.is(await missing(), null, 'of a pasted token it has not')
      const { found, ok } = await examine(person, channelId)
      t.like(ok, { token: true, scopes: null, 'message-access': false, 'comment-access': null })
      t.regex(found.get('message-access')?.fix ?? '', /leave every permission on/)
      t.deepEqual(await missing(), ['instagram_business_manage_messages'])

      await stage.simulator.comment(stage.simulator.customer({ account }), 'nice', { hold: true })
      const { found: also } = await examine(person, channelId)
      t.like(also.get('comment-access'), { ok: false })
      t.regex(also.get('comment-access')?.fix ?? '', /leave every permission on/)
      t.deepEqual(await missing(), ['instagram_business_manage_messages', 'instagram_business_manage_comments'])
      stage.simulator.fault({ kind: 'server-error' }, { on: 'comments', account: account.id, times: 'always' })
      t.like((await examine(person, channelId)).ok, { 'message-access': false, 'comment-access': null })
      t.deepEqual(
        await missing(),
        ['instagram_business_manage_messages', 'instagram_business_manage_comments'],
        'what could not be seen this time is as it was',
      )
      stage.simulator.clearFaults()
      const whole = stage.simulator.tokenWith(account, [
        'instagram_business_basic',
        'instagram_business_manage_messages',
        'instagram_business_manage_comments',
      ])
      await person.api('PATCH', `/channels/${channelId}`, { config: { accessToken: whole } })
      t.like((await examine(person, channelId)).ok, { 'message-access': true, 'comment-access': true })
      t.deepEqual(await missing(), [])
      t.is((await person.channels())[0]?.status, 'ACTIVE')

      stage.simulator.fault({ kind: 'server-error' }, { on: 'conversations', account: account.id, times: 'always' })
      t.like((await examine(person, channelId)).found.get('message-access'), { ok: null, fix: 'Try again later.' })
    },
  )

  test.serial(
    `${profile}: it is told which app has the newest conversation, and that nothing came for long`,
    async (t) => {
      const { simulator, url, apps } = stage
      const person = await stage.person()
      const account = stage.account('instagram', 'shared')
      const channelId = await connected(person, account)
      const customer = simulator.customer({ account })
      const to = { url: `${url}/webhook/instagram`, secret: apps.instagram.appSecret }
      const at = Date.now() - 60_000
      await simulator.dm(customer, 'hello', { ...to, at: new Date(at) })
      const ownedBy = async (appId: string, seconds: number) => {
        await simulator.passThread(customer, { ...to, to: appId, at: new Date(at + seconds * 1_000) })
        const owner = async () => (await examine(person, channelId)).found.get('thread-owner')
        await waitFor(async () => (await owner())?.detail.includes(appId) === true, 20_000)
        return owner()
      }
      const foreign = await ownedBy('263902037430900', 1)
      t.like(foreign, { ok: false })
      t.regex(foreign?.fix ?? '', /make it the default app/)
      t.like(await ownedBy(apps.facebook.appId, 2), { ok: true, fix: null })
      t.like(await ownedBy(apps.instagram.appId, 3), { ok: true, fix: null })

      t.like((await examine(person, channelId)).found.get('last-event'), { ok: true })
      await onServer(stage.db.admin, (client) =>
        client.query("update channel_health set last_inbound_at = now() - interval '8 days' where channel_id = $1", [
          channelId,
        ]),
      )
      const silent = (await examine(person, channelId)).found.get('last-event')
      t.like(silent, { ok: null })
      t.regex(silent?.detail ?? '', /8 days ago/)
      t.regex(silent?.fix ?? '', /check the callback URL/)

      // Whose app a pasted token is of nobody has told us.
      await person.api('PATCH', `/channels/${channelId}`, { config: { accessToken: 'pasted' } })
      t.like((await examine(person, channelId)).found.get('thread-owner'), { ok: null })
    },
  )

  test.serial(`${profile}: a dead token is said, and has its usual consequence`, async (t) => {
    const person = await stage.person()
    const account = stage.account('instagram', 'dead')
    const channelId = await connected(person, account)
    stage.simulator.revokeTokens(account)
    const { found, status } = await examine(person, channelId)
    t.is(status, 200)
    t.like(found.get('token'), { ok: false })
    t.regex(found.get('token')?.fix ?? '', /Connect the account again/)
    t.is((await person.channels())[0]?.status, 'NEEDS_REAUTH')
  })

  test.serial(`${profile}: a token of another account is found out`, async (t) => {
    const person = await stage.person()
    const channelId = await connected(person, stage.account('instagram', 'mine'))
    const { accessToken } = stage.account('instagram', 'not.mine')
    await person.api('PATCH', `/channels/${channelId}`, { config: { accessToken } })
    const { found } = await examine(person, channelId)
    t.like(found.get('token'), { ok: false })
    t.regex(found.get('token')?.detail ?? '', /another account/)
  })

  test.serial(`${profile}: only administrators examine, and only what is theirs`, async (t) => {
    const person = await stage.person()
    const channelId = await connected(person, stage.account('instagram', 'private'))
    const stranger = await stage.person()
    t.is((await examine(stranger, channelId)).status, 404)
    await onServer(stage.db.admin, (client) =>
      client.query("update memberships set role = 'AGENT' where org_id = $1", [person.orgId]),
    )
    t.is((await examine(person, channelId)).status, 403)
  })
})

import test from 'ava'
import { type ConnectStage, connected, connectStage, type Person } from './support/connect-stage.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

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
      scopes: null,
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

  test.serial(`${profile}: with Facebook the permissions of the token are told as well`, async (t) => {
    const person = await stage.person()
    const channelId = await connected(person, stage.account('facebook', 'by.page'))
    const { ok } = await examine(person, channelId)
    t.like(ok, { token: true, 'app-access': true, scopes: true, subscription: true })
  })

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

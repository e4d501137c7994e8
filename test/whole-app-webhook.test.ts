import test from 'ava'
import type { SimulatedAccount, Webhook } from '../dev/instagram-simulator/index.ts'
import {
  backFrom,
  type ConnectStage,
  connected,
  connectStage,
  finish,
  type Person,
  VERIFY_TOKEN,
} from './support/connect-stage.ts'
import type { MessageJson, TicketJson } from './support/inbox-client.ts'
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
  const whole = () => `${stage.url}/webhook/instagram`
  const previews = async (person: Person) =>
    (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body.data.map((ticket) => ticket.lastMessagePreview)
  const wrote = (account: SimulatedAccount, text: string): Promise<Webhook> =>
    stage.simulator.dm(stage.simulator.customer({ account }), text, { hold: true })
  const send = async (webhooks: readonly Webhook[], secret = stage.apps.instagram.appSecret) =>
    (await stage.simulator.together(webhooks, { url: whole(), secret })).status
  const unknownEntries = async () => {
    const text = await (await fetch(`${stage.url}/metrics`)).text()
    return Number(/^webhook_unknown_account_entries_total (\d+)/m.exec(text)?.[1] ?? 0)
  }

  // proves: webhook.whole-app
  test(`${profile}: of one body for accounts of two organizations each sees only its own`, async (t) => {
    const [one, two] = [await stage.person(), await stage.person()]
    const accounts = [stage.account('instagram', 'first'), stage.account('instagram', 'second')] as const
    await connected(one, accounts[0])
    await connected(two, accounts[1])
    const stranger = stage.account('instagram', 'stranger')
    const before = await unknownEntries()
    const bodies = [
      await wrote(accounts[0], 'for the first alone'),
      await wrote(stranger, 'for nobody here'),
      await wrote(accounts[1], 'for the second alone'),
      await wrote(accounts[0], 'again for the first'),
    ]
    t.is(await send(bodies), 200)
    await waitFor(async () => (await previews(one)).length === 2 && (await previews(two)).length === 1, 20_000)
    t.deepEqual((await previews(one)).toSorted(), ['again for the first', 'for the first alone'])
    t.deepEqual(await previews(two), ['for the second alone'])

    const raw = await rows<{ org_id: string; body: string }>(
      `select org_id, convert_from(body, 'UTF8') as body from raw_events where org_id = any ($1)`,
      [[one.orgId, two.orgId]],
    )
    t.is(raw.length, 2)
    for (const { org_id, body } of raw) {
      t.is(body.includes('first'), org_id === one.orgId)
      t.is(body.includes('second'), org_id === two.orgId)
    }
    const kept = await rows(`select 1 from raw_events where convert_from(body, 'UTF8') like '%for nobody here%'`)
    t.is(kept.length, 0)
    await waitFor(async () => (await unknownEntries()) >= before + 1, 10_000)
    t.false(stage.log.text.includes('for nobody here'))

    // Meta repeats whole bodies.
    t.is(await send(bodies), 200)
    t.is(await send([await wrote(accounts[1], 'afterwards')]), 200)
    await waitFor(async () => (await previews(two)).length === 2, 20_000)
    await waitFor(async () => (await unknownEntries()) >= before + 2, 10_000)
    t.is((await rows('select 1 from messages where org_id = $1', [one.orgId])).length, 2)
  })

  test(`${profile}: what came before an account was connected is on its tickets afterwards`, async (t) => {
    const account = stage.account('instagram', 'early')
    const before = await unknownEntries()
    const bodies = [await wrote(account, 'is anybody there?'), await wrote(account, 'hello?')]
    // As Meta does where a busy machine answers 503; a repeat is known.
    await waitFor(async () => (await send(bodies)) === 200, 20_000)
    await waitFor(async () => (await unknownEntries()) >= before + 2, 20_000)
    const kept = () => rows('select 1 from unclaimed_entries where account = $1', [account.id])
    t.is((await kept()).length, 2)
    const person = await stage.person()
    await connected(person, account)
    await waitFor(async () => (await previews(person)).length === 2, 20_000)
    t.deepEqual((await previews(person)).toSorted(), ['hello?', 'is anybody there?'])
    await waitFor(async () => (await kept()).length === 0, 20_000)
    t.is((await person.channels())[0]?.health.subscribingSince, null)
  })

  // proves: login.first-event
  test(`${profile}: the very first event finds its channel, also while the subscription is not read back yet`, async (t) => {
    const account = stage.account('instagram', 'eager')
    const person = await stage.person()
    const back = await backFrom(person, 'instagram', { account: account.id })
    const before = await unknownEntries()
    stage.simulator.fault({ kind: 'latency', delayMs: 1 }, { on: 'subscribed-apps', account: account.id })
    stage.simulator.fault({ kind: 'latency', delayMs: 3_000 }, { on: 'subscribed-apps', account: account.id })
    const finishing = finish(person, back)
    await waitFor(async () => stage.simulator.subscriptions(account) !== null, 20_000)
    t.is(await send([await wrote(account, 'the first of all')]), 200)
    await waitFor(async () => (await unknownEntries()) > before || (await previews(person)).length > 0, 20_000)
    t.like(await finishing, { status: 200, body: { status: 'CONNECTED' } })
    t.deepEqual(await previews(person), ['the first of all'])
  })

  test(`${profile}: whoever is not subscribed gets no channel, and can try again`, async (t) => {
    const account = stage.account('instagram', 'refused')
    const person = await stage.person()
    stage.simulator.fault({ kind: 'refusal', code: 200 }, { on: 'subscribed-apps', account: account.id })
    const failed = await finish(person, await backFrom(person, 'instagram', { account: account.id }))
    t.like(failed.body, { code: 'connect-failed' })
    t.deepEqual(await person.channels(), [])
    const { data } = (await person.api<{ data: { action: string }[] }>('GET', '/audit-log?resourceType=channel')).body
    t.deepEqual(
      data.map(({ action }) => action),
      ['channel.connect_failed', 'channel.connected'],
    )
    for (const table of ['account_bindings', 'channel_secrets', 'channel_tokens'])
      t.is((await rows(`select 1 from ${table} where org_id = $1`, [person.orgId])).length, 0, table)
    const other = await stage.person()
    await connected(other, account)
    t.is((await other.channels()).length, 1)

    // A channel that was there before stays, with the token that its owner has just given.
    const pasted = stage.account('instagram', 'refused.later')
    const config = { pageId: pasted.id, accessToken: 'pasted', appSecret: 'their-own-secret' }
    const made = await person.api<{ id: string }>('POST', '/channels', { type: 'INSTAGRAM', name: 'pasted', config })
    stage.simulator.fault({ kind: 'refusal', code: 200 }, { on: 'subscribed-apps', account: pasted.id })
    const again = await finish(person, await backFrom(person, 'instagram', { account: pasted.id }))
    t.like(again.body, { code: 'connect-failed' })
    t.deepEqual(
      (await person.channels()).map(({ id }) => id),
      [made.body.id],
    )
    // It is bound, and asked for again by itself.
    const waits = async () => (await person.channels())[0]?.health.subscribingSince != null
    t.true(await waits())
    await rows(`update jobs set run_at = now() where queue = 'subscribe' and org_id = $1`, [person.orgId])
    await waitFor(async () => !(await waits()), 20_000)
    t.true(stage.simulator.subscriptions(pasted)?.includes('messages'))
    t.is(await connected(person, pasted), made.body.id)
  })

  test(`${profile}: the address is the operator's: its token, and the secrets of its two apps`, async (t) => {
    const account = stage.account('instagram', 'signed')
    const person = await stage.person()
    await connected(person, account)
    const ask = (token: string) =>
      fetch(`${whole()}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`)
    t.is(await (await ask(VERIFY_TOKEN)).text(), '1158201444')
    t.is((await ask('another')).status, 403)

    t.is(await send([await wrote(account, 'by the Instagram app')]), 200)
    t.is(await send([await wrote(account, 'by the Meta app')], stage.apps.facebook.appSecret), 200)
    t.is(await send([await wrote(account, 'by nobody')], 'a made-up secret'), 401)
    await waitFor(async () => (await previews(person)).length === 2, 20_000)
    t.is((await stage.simulator.raw(account, '{}', { url: `${stage.url}/webhook/elsewhere` })).status, 404)
    const large = Buffer.alloc(3 * 1024 * 1024 + 1, 0x20)
    t.is((await stage.simulator.raw(account, large, { url: whole() })).status, 413)
    t.false((await previews(person)).includes('by nobody'))
  })

  // proves: webhook.whole-app-unreadable
  test(`${profile}: what cannot be read is taken, kept for the operator, and holds up nothing`, async (t) => {
    const account = stage.account('instagram', 'neighbour')
    const person = await stage.person()
    await connected(person, account)
    const counted = async () =>
      Number(
        /^webhook_unreadable_bodies_total (\d+)/m.exec(await (await fetch(`${stage.url}/metrics`)).text())?.[1] ?? 0,
      )
    const before = await counted()
    const body = `{"object":"instagram","entry":[{"words":"of somebody ${profile}"`
    const posted = await stage.simulator.raw(account, body, { url: whole(), secret: account.appSecret })
    t.is(posted.status, 200)
    t.is(await send([await wrote(account, 'right behind it')]), 200)
    await waitFor(async () => (await previews(person)).includes('right behind it'), 20_000)
    await waitFor(async () => (await counted()) > before, 20_000)
    const kept = () =>
      rows<{ state: string; reason: string; body: string }>(
        `select state, reason, convert_from(payload, 'UTF8') as body from jobs where queue = 'unreadable'`,
      )
    t.deepEqual(await kept(), [{ state: 'DEAD', reason: 'not-json', body }])
    t.false(stage.log.text.includes('of somebody'))
    t.is((await rows(`select 1 from jobs where queue = 'inbound' and state = 'DEAD'`)).length, 0)
  })

  test(`${profile}: an entry that calls the account by its other id is the account's as well`, async (t) => {
    const account = stage.account('instagram', 'two.ids')
    const person = await stage.person()
    await connected(person, account)
    const { body } = await wrote(account, 'under the other id')
    const entry = (JSON.parse(body.toString()) as { entry: { id: string }[] }).entry.map((one) => ({
      ...one,
      id: account.appScopedId,
    }))
    const posted = await stage.simulator.raw(account, { object: 'instagram', entry }, { url: whole() })
    t.is(posted.status, 200)
    await waitFor(async () => (await previews(person)).includes('under the other id'), 20_000)
    t.is((await rows('select 1 from customers where org_id = $1', [person.orgId])).length, 1)
  })

  test(`${profile}: who pastes an account's id has none of its messages, and is in nobody's way`, async (t) => {
    const account = stage.account('instagram', 'pasted')
    const [squatter, owner] = [await stage.person(), await stage.person()]
    const config = { pageId: account.id, accessToken: 'a-token-of-their-own', appSecret: 'their-own-secret' }
    const pasted = await squatter.api('POST', '/channels', { type: 'INSTAGRAM', name: 'pasted', config })
    t.is(pasted.status, 201)
    await connected(owner, account)
    t.is(await send([await wrote(account, 'for the owner')]), 200)
    await waitFor(async () => (await previews(owner)).length === 1, 20_000)
    t.deepEqual(await previews(squatter), [])
    t.is((await rows('select 1 from raw_events where org_id = $1', [squatter.orgId])).length, 0)
  })

  // proves: login.pasted
  test(`${profile}: a token that was pasted over a connected one ends the binding, and so does deleting`, async (t) => {
    const person = await stage.person()
    const bindings = () => rows('select 1 from account_bindings where org_id = $1', [person.orgId])
    const account = stage.account('instagram', 'unbound')
    const id = await connected(person, account)
    await person.api('PATCH', `/channels/${id}`, { name: 'only another name' })
    t.is((await bindings()).length, 1)
    await person.api('PATCH', `/channels/${id}`, { config: { accessToken: 'pasted' } })
    t.is((await bindings()).length, 0)
    const [pasted] = await person.channels()
    t.deepEqual(pasted?.webhook, { callbackUrl: `${stage.url}/webhook/${id}`, scope: 'CHANNEL' })
    t.is(await connected(person, account), id)
    t.is((await person.api('DELETE', `/channels/${id}`)).status, 204)
    t.is((await bindings()).length, 0)
    const before = await unknownEntries()
    await send([await wrote(account, 'too late')])
    await waitFor(async () => (await unknownEntries()) > before, 10_000)
    t.not(await connected(person, account), id, 'what was deleted stays deleted')
  })

  // proves: login.one-account
  test(`${profile}: an account belongs to one organization until its owner moves it`, async (t) => {
    const account = stage.account('instagram', 'moving')
    const [before, after] = [await stage.person(), await stage.person()]
    const oldId = await connected(before, account)
    const refused = await finish(after, await backFrom(after, 'instagram', { account: account.id }))
    t.like(refused, { status: 409, body: { code: 'account-bound-elsewhere' } })
    t.false(JSON.stringify(refused.body).includes(before.orgId))
    t.deepEqual(await after.channels(), [])

    await connected(after, account, { move: true })
    t.is(await send([await wrote(account, 'after the move')]), 200)
    await waitFor(async () => (await previews(after)).length === 1, 20_000)
    t.deepEqual(await previews(before), [])
    t.deepEqual(await before.channels(), [])
    const [old] = await rows(
      'select status, (select count(*)::int from channel_secrets where channel_id = c.id) as secrets from channels c where id = $1',
      [oldId],
    )
    t.deepEqual(old, { status: 'DISCONNECTED', secrets: 0 })
    const audit = await rows('select action from audit_log where org_id = $1 and resource_id = $2 order by id', [
      before.orgId,
      oldId,
    ])
    t.deepEqual(audit.map((entry) => (entry as { action: string }).action).toSorted(), [
      'channel.connected',
      'channel.moved_away',
    ])
  })

  test(`${profile}: of organizations that connect one account at once exactly one has it`, async (t) => {
    const account = stage.account('instagram', 'contested')
    const people = await Promise.all(Array.from({ length: 5 }, () => stage.person()))
    const ways = await Promise.all(people.map((person) => backFrom(person, 'instagram', { account: account.id })))
    const outcomes = await Promise.all(people.map((person, index) => finish(person, ways[index] ?? '')))
    t.deepEqual(outcomes.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409])
    const channels = await Promise.all(people.map((person) => person.channels()))
    t.is(channels.flat().length, 1)
  })

  test(`${profile}: the same organization twice at once has one channel`, async (t) => {
    const account = stage.account('instagram', 'impatient')
    const person = await stage.person()
    const ways = [
      await backFrom(person, 'instagram', { account: account.id }),
      await backFrom(person, 'instagram', { account: account.id }),
    ]
    const outcomes = await Promise.all(ways.map((back) => finish(person, back)))
    t.deepEqual(
      outcomes.map(({ status }) => status),
      [200, 200],
    )
    t.is((await person.channels()).length, 1)
  })

  // proves: login.facebook
  test(`${profile}: with Facebook the person chooses among all their Pages, and the Page's token sends`, async (t) => {
    const accounts = ['north', 'east', 'south', 'west'].map((name) => stage.account('facebook', name))
    const person = await stage.person()
    const back = await backFrom(person, 'facebook')
    const page = await person.browser.step(back)
    t.is(page.status, 200)
    for (const { id, username } of accounts) t.true(page.text.includes(id) && page.text.includes(username))
    t.deepEqual(await person.channels(), [])

    const [, , south] = accounts
    const link = new RegExp(`href="([^"]*account=${south?.id})"`).exec(page.text)?.[1]?.replaceAll('&#38;', '&') ?? ''
    const foreign = await stage.person()
    t.is((await foreign.browser.step(`${stage.url}${link}`)).status, 403)
    t.is((await person.browser.step(`${stage.url}${link}`)).status, 200)
    t.is((await person.browser.step(`${stage.url}${link}`)).status, 403, 'a choice serves once')
    const [channel] = await person.channels()
    t.like(channel, { name: 'south', config: { pageId: south?.id, facebookPageId: south?.pageId, login: 'facebook' } })
    t.deepEqual(stage.simulator.subscriptions(south as SimulatedAccount)?.includes('messaging_referrals'), true)

    const customer = stage.simulator.customer({ account: south as SimulatedAccount })
    const asked = await stage.simulator.dm(customer, 'open on Sunday?', { hold: true })
    t.is(await send([asked], stage.apps.facebook.appSecret), 200)
    await waitFor(async () => (await previews(person)).length === 1, 20_000)
    const [ticket] = (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body.data
    const reply = await person.api<MessageJson>('POST', `/tickets/${ticket?.id}/messages`, { content: 'From ten.' })
    t.is(reply.status, 201)
    await waitFor(async () => stage.simulator.received(customer).some(({ text }) => text === 'From ten.'), 20_000)

    // By API, in two steps; a choice of the other one is not there.
    const wrong = await finish(person, await backFrom(person, 'facebook'))
    const choose = (account: string) =>
      person.api<{ code?: string }>('POST', '/channels/facebook/connect', { choice: wrong.body['choice'], account })
    t.is((await choose('17841499999999999')).status, 404)
    t.is((await choose(accounts[0]?.id ?? '')).status, 403)
    t.truthy(await connected(person, accounts[3] as SimulatedAccount))
  })
})

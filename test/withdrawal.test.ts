import { createHmac } from 'node:crypto'
import test from 'ava'
import type { SimulatedAccount } from '../dev/instagram-simulator/index.ts'
import { signedRequest } from '../dev/instagram-simulator/signed-request.ts'
import { type ConnectStage, connected, connectStage, type Person } from './support/connect-stage.ts'
import { allRows, hits } from './support/dump.ts'
import type { MessageJson, TicketJson } from './support/inbox-client.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

const HOUR_MS = 3_600_000

type Noted = Readonly<{ action: string; actor: { type: string } }>

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.after.always(() => stage.close())

  const call = async (path: string, body: URLSearchParams | string) => {
    const answer = await fetch(`${stage.url}/webhook/instagram/${path}`, { method: 'POST', body })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  }
  const kept = (orgId: string) =>
    onServer(stage.db.admin, async (client) => {
      const count = async (table: string) =>
        (await client.query(`select 1 from ${table} where org_id = $1`, [orgId])).rowCount
      return {
        secrets: await count('channel_secrets'),
        bindings: await count('account_bindings'),
        tokens: await count('channel_tokens'),
        told: await count("(select * from notifications where type = 'CHANNEL_NEEDS_REAUTH') n"),
      }
    })

  /** A conversation of a channel that is paused, with a reply that waits for that to end. */
  async function queuedReply(person: Person, account: SimulatedAccount) {
    const channelId = await connected(person, account)
    const text = `to ${account.username}`
    const webhook = await stage.simulator.dm(stage.simulator.customer({ account }), text, { hold: true })
    const to = { url: `${stage.url}/webhook/instagram`, secret: stage.apps.instagram.appSecret }
    await waitFor(async () => (await stage.simulator.together([webhook], to)).status === 200, 20_000)
    const ticket = await waitFor(async () => {
      const { data } = (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body
      return data.find(({ lastMessagePreview }) => lastMessagePreview === text)
    }, 20_000)
    const at = `/tickets/${ticket.id}/messages`
    const set = (status: string) => person.api('PATCH', `/channels/${channelId}`, { status })
    const say = (content: string) => person.api<MessageJson>('POST', at, { content })
    await set('PAUSED')
    const { id } = (await say('Thank you')).body
    return {
      channelId,
      say,
      go: () => set('ACTIVE'),
      read: async () => (await person.api<MessageJson>('GET', `${at}/${id}`)).body,
      retry: () => person.api('POST', `${at}/${id}/retry`),
    }
  }

  // proves: login.deauthorize
  test(`${profile}: whoever removes the app takes the token away, for both of the account's ids, once`, async (t) => {
    const { appSecret } = stage.apps.instagram
    for (const id of ['id', 'appScopedId'] as const) {
      const person = await stage.person()
      const account = stage.account('instagram', `removed-${id}`)
      await connected(person, account)
      t.like(await kept(person.orgId), { secrets: 1, bindings: 1, tokens: 1, told: 0 })
      for (let repeat = 0; repeat < 2; repeat++) {
        const answer = await call('deauthorize', signedRequest(appSecret, account[id], new Date()))
        t.deepEqual(answer, { status: 200, body: { success: true as never } })
        t.is((await person.channels())[0]?.status, 'NEEDS_REAUTH')
        t.deepEqual(await kept(person.orgId), { secrets: 0, bindings: 0, tokens: 0, told: 1 })
      }
      // The same channel goes on when the owner agrees again; an old request is no reason to end that.
      await connected(person, account)
      await call('deauthorize', signedRequest(appSecret, account[id], new Date(Date.now() - HOUR_MS)))
      t.is((await person.channels())[0]?.status, 'ACTIVE')
      t.is((await person.channels()).length, 1)
    }
  })

  test(`${profile}: Facebook names the person, and every channel of their grant ends, wherever it is`, async (t) => {
    const [ann, ben] = ['10224466880011', '10335577990022']
    const [one, two] = [await stage.person(), await stage.person()]
    const [north, south, east] = ['north', 'south', 'east'].map((name) => stage.account('facebook', name))
    const [northId, southId, eastId] = [
      await connected(one, north as SimulatedAccount, { person: ann }),
      await connected(two, south as SimulatedAccount, { person: ann }),
      await connected(two, east as SimulatedAccount, { person: ben }),
    ]
    const statuses = async () =>
      new Map([...(await one.channels()), ...(await two.channels())].map(({ id, status }) => [id, status]))
    const { appSecret } = stage.apps.facebook
    const nobody = await call('deauthorize', signedRequest(appSecret, '10999999999999', new Date()))
    t.is(nobody.status, 200)
    t.deepEqual([...(await statuses()).values()], ['ACTIVE', 'ACTIVE', 'ACTIVE'])

    const answer = await call('data-deletion', signedRequest(appSecret, ann, new Date()))
    const page = await fetch(answer.body['url'] ?? '', { headers: { accept: 'application/json' } })
    t.like(await page.json(), { connections: 2 })
    const after = await statuses()
    t.deepEqual(
      [northId, southId, eastId].map((id) => after.get(id)),
      ['NEEDS_REAUTH', 'NEEDS_REAUTH', 'ACTIVE'],
    )
    t.like(await kept(one.orgId), { secrets: 0, bindings: 0, tokens: 0, told: 1 })
    t.like(await kept(two.orgId), { secrets: 1, bindings: 1, tokens: 1, told: 1 })

    // Whoever granted it last is whose it is: another administrator of the Page has connected it since.
    t.is(await connected(one, north as SimulatedAccount, { person: ben }), northId)
    await call('deauthorize', signedRequest(appSecret, ann, new Date()))
    t.is((await statuses()).get(northId), 'ACTIVE')
    await call('deauthorize', signedRequest(appSecret, ben, new Date()))
    t.deepEqual([...(await statuses()).values()], ['NEEDS_REAUTH', 'NEEDS_REAUTH', 'NEEDS_REAUTH'])
  })

  test(`S125, S134: ${profile}: what was queued for an account that is taken away fails, nothing more is taken, and nobody else notices`, async (t) => {
    const [one, two] = [await stage.person(), await stage.person()]
    const gone = stage.account('instagram', 'taken.away')
    const [same, other] = [stage.account('instagram', 'same.shop'), stage.account('instagram', 'other.shop')]
    const talks = [await queuedReply(one, gone), await queuedReply(one, same), await queuedReply(two, other)] as const
    const [theirs, ...others] = talks
    const token = Object.fromEntries(
      await onServer(stage.db.admin, async (client) => {
        const text = 'select name, sealed from channel_secrets where channel_id = $1'
        const { rows } = await client.query<{ name: string; sealed: string }>(text, [theirs.channelId])
        return rows.map(({ name, sealed }) => [name, sealed] as const)
      }),
    )
    t.deepEqual(Object.keys(token), ['accessToken'])
    t.deepEqual(await kept(one.orgId), { secrets: 2, bindings: 2, tokens: 2, told: 0 })

    await call('deauthorize', signedRequest(stage.apps.instagram.appSecret, gone.id, new Date()))
    await waitFor(async () => (await theirs.read()).status === 'FAILED', 5_000)
    t.like(await theirs.read(), { failure: { code: 'channel-withdrawn', retryable: true } as never })
    t.deepEqual(await kept(one.orgId), { secrets: 1, bindings: 1, tokens: 1, told: 1 })
    const rows = (await allRows(stage.db.admin)).map(({ row }) => row).join('\n')
    t.deepEqual(hits('the database', rows, token), [])

    const REFUSED = { status: 409, body: { code: 'channel-withdrawn' } }
    t.like(await theirs.say('Another one'), REFUSED)
    t.like(await theirs.retry(), REFUSED)
    for (const status of ['ACTIVE', 'PAUSED'])
      t.like(await one.api('PATCH', `/channels/${theirs.channelId}`, { status }), REFUSED)
    t.is((await theirs.read()).status, 'FAILED')

    // Theirs waited for being paused, and go on when they are set going.
    for (const talk of others) {
      t.is((await talk.read()).status, 'QUEUED')
      await talk.go()
      await waitFor(async () => (await talk.read()).status === 'SENT', 20_000)
    }
    t.is(await connected(one, gone), theirs.channelId)
    t.is((await theirs.read()).status, 'FAILED', 'it does not go out by itself')
    t.is((await theirs.retry()).status, 202)
    await waitFor(async () => (await theirs.read()).status === 'SENT', 20_000)
    t.is((await theirs.say('Another one')).status, 201)
    const noted = async (id: string) =>
      (await one.api<{ data: Noted[] }>('GET', `/audit-log?resourceId=${id}`)).body.data.map(
        ({ action, actor }) => `${action} ${actor.type}`,
      )
    t.deepEqual(await noted(theirs.channelId), [
      'channel.reconnected MEMBER',
      'channel.reauthorized MEMBER',
      'channel.withdrawn SYSTEM',
      'channel.updated MEMBER',
      'channel.connected MEMBER',
    ])
    t.deepEqual(await noted((await theirs.read()).id), ['message.retried MEMBER'])
  })

  test(`S132, S133: ${profile}: a request to delete data says by its page what was done, and nobody can make one up`, async (t) => {
    const person = await stage.person()
    const account = stage.account('instagram', 'the.shop.that.goes')
    await connected(person, account)
    const request = signedRequest(stage.apps.instagram.appSecret, account.id, new Date())
    const first = await call('data-deletion', request)
    t.is(first.status, 200)
    t.is(first.body['url'], `${stage.url}/data-deletion/${first.body['confirmation_code']}`)
    t.deepEqual(await kept(person.orgId), { secrets: 0, bindings: 0, tokens: 0, told: 1 })
    const read = async (url: string, accept: string) => fetch(url, { headers: { accept } })
    const page = await read(first.body['url'] ?? '', 'text/html')
    t.is(page.status, 200)
    t.regex(await page.text(), /access token deleted at once/)
    t.is((await read(`${first.body['url']}?fbclid=IwAR0`, 'text/html')).status, 200, 'Meta appends to links')
    const again = await call('data-deletion', request)
    const status = await (await read(again.body['url'] ?? '', 'application/json')).json()
    t.like(status, { connections: 0 })
    // Whether there ever was such an account is nothing that the form of an answer tells.
    const { appSecret } = stage.apps.instagram
    const nobody = await call('data-deletion', signedRequest(appSecret, '10999999999998', new Date()))
    const CODE = /^[a-z0-9]{1,9}-\d{1,6}-[0-9a-f]{16}-[0-9a-f]{64}$/
    for (const answer of [first, again, nobody]) {
      t.regex(answer.body['confirmation_code'] ?? '', CODE)
      t.deepEqual(Object.keys(answer.body), ['url', 'confirmation_code'])
      t.is(answer.status, 200)
    }
    t.deepEqual(
      await (await read(nobody.body['url'] ?? '', 'application/json'))
        .json()
        .then((told) => Object.keys(told as object)),
      Object.keys(status as object),
    )
    const shown = await (await read(first.body['url'] ?? '', 'application/json')).text()
    for (const personal of [account.id, account.appScopedId, account.username, person.orgId, person.email])
      t.false(shown.includes(personal), personal)
    const forged = (first.body['url'] ?? '').replace(/-1-/, '-0-')
    const right = first.body['url'] ?? ''
    const otherEnd = right.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    for (const wrong of [forged, otherEnd, right.slice(0, -1), `${right}0`, `${stage.url}/data-deletion/x`])
      t.is((await read(wrong, 'application/json')).status, 404, wrong)
  })

  test(`${profile}: what came for an account that nobody has connected goes with its owner’s consent`, async (t) => {
    const { appSecret } = stage.apps.instagram
    const [gone, other] = [stage.account('instagram', 'nobodys'), stage.account('instagram', 'nobodys.other')]
    const bodies = await Promise.all(
      [gone, other].map((account) =>
        stage.simulator.dm(stage.simulator.customer({ account }), 'to nobody', { hold: true }),
      ),
    )
    const to = { url: `${stage.url}/webhook/instagram`, secret: appSecret }
    // As Meta does where a busy machine answers 503; a repeat is known.
    await waitFor(async () => (await stage.simulator.together(bodies, to)).status === 200, 20_000)
    const left = () =>
      onServer(stage.db.admin, async (client) => {
        const { rows } = await client.query<{ account: string }>('select account from unclaimed_entries')
        return rows.map(({ account }) => account).toSorted()
      })
    await waitFor(async () => (await left()).length === 2, 20_000)
    const asked = () => call('data-deletion', signedRequest(appSecret, gone.id, new Date()))
    // On a busy machine it may be asked to come again.
    await waitFor(async () => (await asked()).status === 200, 20_000)
    t.deepEqual(await left(), [other.id])
  })

  test(`S131: ${profile}: what neither secret signs, or is of another form, changes nothing`, async (t) => {
    const person = await stage.person()
    const account = stage.account('instagram', 'kept')
    await connected(person, account)
    const right = signedRequest(stage.apps.instagram.appSecret, account.id, new Date()).get('signed_request') ?? ''
    const [signature = '', payload = ''] = right.split('.')
    const standard = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/')
    /** Rightly signed; what it says of its signature is not what it is. */
    const saying = (algorithm: unknown) => {
      const facts = { algorithm, issued_at: Math.floor(Date.now() / 1_000), user_id: account.id }
      const text = Buffer.from(JSON.stringify(facts)).toString('base64url')
      return `${createHmac('sha256', stage.apps.instagram.appSecret).update(text).digest('base64url')}.${text}`
    }
    const forms = [
      ...['none', 'HMAC-SHA1', '', 1, {}].map(saying),
      `${signature}${payload}`,
      `${right}.`,
      `.${right}`,
      `${signature}..${payload}`,
      `${signature}.${payload}.${payload}`,
      `${signature}=.${payload}`,
      `${signature}.${payload}=`,
      `${standard(signature)}=.${payload}`,
      `${Buffer.from(signature, 'base64url').toString('hex')}.${payload}`,
      `.${payload}`,
      `${signature}.`,
      ` ${right}`,
      '',
    ]
    const bodies = [
      ...forms.map((form) => new URLSearchParams({ signed_request: form })),
      `signed_request=x&signed_request=${right}`,
      JSON.stringify({ signed_request: right }),
      signedRequest('another secret', account.id, new Date()),
      new URLSearchParams({ signed_request: right.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }),
      new URLSearchParams({ signed_request: right.split('.')[1] ?? '' }),
      new URLSearchParams({ signed_request: '.' }),
      '',
      '{"signed_request":1}',
    ]
    for (const path of ['deauthorize', 'data-deletion']) {
      for (const body of bodies)
        t.like(await call(path, body), { status: 401, body: { code: 'bad-signature' } as never })
      for (const bytes of [20_000, 1_000_000]) t.is((await call(path, 'x'.repeat(bytes))).status, 413)
    }
    t.is((await person.channels())[0]?.status, 'ACTIVE')
    t.is((await fetch(`${stage.url}/webhook/instagram/deauthorize`)).status, 405)
    t.is((await fetch(`${stage.url}/webhook/nobody/deauthorize`, { method: 'POST' })).status, 404)
    // The Meta app's secret is as good: which of the two signs is Meta's choice.
    await call('deauthorize', signedRequest(stage.apps.facebook.appSecret, account.id, new Date()))
    t.is((await person.channels())[0]?.status, 'NEEDS_REAUTH')
  })
})

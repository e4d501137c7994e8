import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { ConnectStage } from '../support/connect-stage.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { onServer } from '../support/template.ts'
import { newId, openShop, type WebhookShop, webhookStage } from './webhook-shop.ts'

onEachProfile((profile) => {
  let stage: ConnectStage
  const shops: WebhookShop[] = []
  /** Each test has its own, with nothing in it. */
  const aShop = () => shops.pop()!

  test.before(async (t) => {
    t.timeout(60_000)
    stage = await webhookStage(profile)
    for (let n = 0; n < 9; n++) shops.push(await openShop(stage))
  })
  test.after.always(() => stage?.close())

  const NOTHING_BUT_ONE = { customers: 1, tickets: 1, messages: 1 }
  const noErrors = () => stage.log.of('error').map((line) => JSON.stringify(line))

  test(`S36: ${profile}: the same words in two encodings, each signed as it is, are both taken`, async (t) => {
    const shop = aShop()
    const plain = shop.bodyOf(shop.item({ message: { mid: `m_${randomUUID()}`, text: 'café 🙏 /' } }))
    const other = shop.bodyOf(shop.item({ message: { mid: `m_${randomUUID()}`, text: 'café 🙏 /' } }))
    const escaped = other
      .replaceAll('/', String.raw`\/`)
      .replace(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    t.regex(escaped, /caf\\u00e9 \\ud83d\\ude4f \\\//)
    for (const body of [plain, escaped]) t.is((await shop.signed(body)).status, 200)
    await waitFor(async () => (await shop.texts()).length === 2, 20_000)
    t.deepEqual(await shop.texts(), ['café 🙏 /', 'café 🙏 /'])
  })

  test(`S38: ${profile}: any content type is taken as bytes, and what is no text is put aside`, async (t) => {
    const shop = aShop()
    const types = ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data', 'x', '']
    for (const type of types) t.is((await shop.signed(shop.bodyOf(shop.item()), { 'content-type': type })).status, 200)
    await waitFor(async () => (await shop.texts()).length === types.length, 20_000)
    const unreadable = [
      Buffer.from([0xff, 0xfe, 0x00, 0x80]),
      Buffer.from('{"object":"instagram"', 'utf16le'),
      Buffer.from(shop.bodyOf(shop.item()), 'utf16le'),
      Buffer.from('{"object":"instagram","entry":[}'),
      Buffer.from('{"object":"insta\0gram",'),
    ]
    for (const body of unreadable) t.is((await shop.signed(body)).status, 200)
    await shop.settled()
    await waitFor(async () => (await shop.count('quarantine')) === unreadable.length, 20_000)
    t.is(await shop.count('messages'), types.length + 1)
    t.deepEqual(noErrors(), [])
  })

  test(`S41: ${profile}: the same body again is 200 and nothing new, also when its raw bytes are long gone`, async (t) => {
    const shop = aShop()
    const body = shop.bodyOf(shop.item())
    const derived = async () => ({
      ...(await shop.inbox()),
      notifications: await shop.count('notifications'),
      events: await shop.count('event_log'),
    })
    t.is((await shop.signed(body)).status, 200)
    await shop.settled()
    await waitFor(async () => (await shop.count('notifications')) >= 2, 20_000)
    const before = await derived()
    for (const ageDays of [0, 2, 400]) {
      // As housekeeping leaves it after that time, and everything else as old.
      await onServer(stage.db.admin, async (server) => {
        const age = `${ageDays} days`
        await server.query(`update messages set sent_at = sent_at - $2::interval where org_id = $1`, [
          shop.client.orgId,
          age,
        ])
        if (ageDays > 100) await server.query('delete from raw_events where org_id = $1', [shop.client.orgId])
      })
      t.is((await shop.signed(body)).status, 200)
      t.is((await shop.signed(body)).status, 200)
    }
    // Something that tells when all of it was read.
    t.is((await shop.signed('[')).status, 200)
    await waitFor(async () => (await shop.count('quarantine')) === 1, 20_000)
    t.deepEqual(await derived(), before)
  })

  test(`S43: ${profile}: a body at another channel's address has no effect, whoever signed it`, async (t) => {
    const [one, two] = [aShop(), aShop()]
    const body = one.bodyOf(one.item())
    t.is((await one.signed(body, {}, two.path)).status, 401, "the other channel has another's secret")
    // Both channels were given the secret of one and the same app.
    const client = two.client
    const twin = await openShop(stage, { client, appSecret: one.secret })
    t.is((await twin.signed(body)).status, 200)
    await twin.settled()
    t.deepEqual(await twin.inbox(), NOTHING_BUT_ONE)
    t.deepEqual(await one.inbox(), { customers: 0, tickets: 0, messages: 0 }, 'nor where it belongs')
    await waitFor(async () => (await twin.health()).unroutable === 1, 15_000)
    t.is((await one.signed(body)).status, 200)
    await waitFor(async () => (await one.count('messages')) === 1, 20_000)
    t.is((await twin.signed(body)).status, 200)
    await twin.settled()
    t.deepEqual(await one.inbox(), NOTHING_BUT_ONE)
  })

  test(`S44: ${profile}: an object that we do not know is 200, counted, and makes nothing`, async (t) => {
    const shop = aShop()
    const { item } = shop
    const objects = ['page', 'user', 'whatsapp_business_account', '', null, 7, { $ne: 1 }]
    for (const object of objects) {
      const body = JSON.stringify({ object, entry: [{ id: shop.account.id, messaging: [item()] }] })
      t.is((await shop.signed(body)).status, 200)
    }
    await shop.settled()
    t.deepEqual(await shop.inbox(), NOTHING_BUT_ONE)
    await waitFor(async () => (await shop.health()).unknown === objects.length, 15_000)
    t.deepEqual(noErrors(), [])
  })

  test(`S45: ${profile}: an account that nobody connected makes no customer, ticket or message`, async (t) => {
    const shop = aShop()
    const strangers = [newId(), 'x'.repeat(100), '0000', `${shop.account.id}0`, ` ${shop.account.id}`]
    for (const id of strangers) {
      const body = JSON.stringify({
        object: 'instagram',
        entry: [{ id, messaging: [shop.item({ recipient: { id } })] }],
      })
      t.is((await shop.signed(body)).status, 200, id)
    }
    await shop.settled()
    t.deepEqual(await shop.inbox(), NOTHING_BUT_ONE)
    await waitFor(async () => (await shop.health()).unroutable === strangers.length, 15_000)
    t.deepEqual(noErrors(), [])
  })

  test(`S46: ${profile}: what our own account says is no customer's message, whatever it claims, and nothing answers it`, async (t) => {
    const shop = aShop()
    const { account, item, bodyOf } = shop
    const own = { id: account.id }
    const message = (more: object = {}) => ({ message: { mid: `m_${randomUUID()}`, text: 'from ourselves', ...more } })
    const bodies = [
      bodyOf(item({ sender: own, ...message() })),
      bodyOf(item({ sender: own, recipient: { id: newId() }, ...message() })),
      bodyOf(item({ ...message({ is_echo: true }) })),
      bodyOf(item({ recipient: { id: newId() }, ...message({ is_echo: true }) })),
      bodyOf(item({ sender: own, ...message({ is_self: true, is_echo: true }) })),
    ]
    for (const body of bodies) t.is((await shop.signed(body)).status, 200)
    await shop.settled()
    const { rows } = await onServer(stage.db.admin, (server) =>
      server.query(
        `select count(*)::int as n from messages where org_id = $1 and direction = 'INBOUND' and content = 'from ourselves'`,
        [shop.client.orgId],
      ),
    )
    t.is(rows[0].n, 0)
    const sent = stage.simulator.calls.filter(({ method, path }) => method === 'POST' && path.includes(account.id))
    t.deepEqual(
      sent.filter(({ path }) => path.endsWith('/messages')),
      [],
    )
    t.deepEqual(noErrors(), [])
  })

  test(`S47: ${profile}: wrong types and numbers out of range, rightly signed, are 200 and never an error of ours`, async (t) => {
    const shop = aShop()
    const { account, item } = shop
    const at = (text: string) => `{"object":"instagram","entry":[{"id":"${account.id}","messaging":[${text}]}]}`
    const good = JSON.stringify(item())
    const bodies = [
      ...['{}', '"x"', 'null', '7', '[[]]'].map((value) => at('').replace('[]', value)),
      at(good.replace(/"mid":"[^"]*"/, '"mid":{"$ne":1}')),
      at(good.replace(/"mid":"[^"]*"/, '"mid":123')),
      at(good.replace(/"mid":"[^"]*"/, '"mid":null')),
      at(good.replace(/"mid":"[^"]*"/, `"mid":"${'m'.repeat(100_000)}"`)),
      ...['"x"', '1e30', '-1', '1e-9', '{}', '[]', 'null', '1e400', '99999999999999999999'].map((value) =>
        at(JSON.stringify(item()).replace(/"timestamp":\d+/, `"timestamp":${value}`)),
      ),
      ...['9007199254740995123', '{}', '[]', 'true', '""', '"a\\u0000b"', '"\\ud800"'].map((value) =>
        at(JSON.stringify(item()).replace(/"sender":\{"id":"\d+"\}/, `"sender":{"id":${value}}`)),
      ),
      ...['{}', '7', '[]', 'true', '{"$gt":""}'].map((value) =>
        at(JSON.stringify(item()).replace('"text":"hello"', `"text":${value}`)),
      ),
      at(`{"__proto__":{"isEcho":true},"constructor":{"prototype":{}},${good.slice(1)}`),
      `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
      '[]',
      'null',
      '"text"',
      '',
    ]
    for (const body of bodies) t.is((await shop.signed(body)).status, 200, body.slice(0, 300))
    await shop.settled()
    t.is(await shop.count('raw_events'), bodies.length + 1, 'each of them is kept')
    t.deepEqual(noErrors(), [])
    // A number as an id keeps all of its digits.
    const people = await shop.client.customers()
    t.true(people.some(({ externalId }) => externalId === '9007199254740995123'))
    for (const { status } of [await shop.client.call('GET', '/tickets'), await shop.client.call('GET', '/customers')])
      t.is(status, 200)
  })
})

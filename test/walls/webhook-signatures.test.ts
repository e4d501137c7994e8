import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import type { ConnectStage } from '../support/connect-stage.ts'
import type { ChannelJson } from '../support/inbox-client.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { type Headers, hmac, openShop, type WebhookShop, webhookStage } from './webhook-shop.ts'

onEachProfile((profile) => {
  let stage: ConnectStage
  let shop: WebhookShop
  let others: WebhookShop
  /** What was let in: the tests' own right messages. */
  let taken = 0

  test.before(async (t) => {
    t.timeout(60_000)
    stage = await webhookStage(profile)
    shop = await openShop(stage)
    others = await openShop(stage)
  })
  test.after.always(() => stage?.close())

  const settled = async () => {
    await shop.settled()
    taken += 1
  }

  /** A body that would be a message, were it signed. */
  const body = () => shop.bodyOf(shop.item())
  const signature = (value: string | readonly string[]): Headers => ({ 'x-hub-signature-256': value })

  const refused: readonly [group: string, what: string, headers: (body: string) => Headers][] = [
    ['S31', 'no signature', () => ({})],
    ['S33', 'SHA-1 alone', (b) => ({ 'x-hub-signature': `sha1=${hmac(shop.secret, b, 'sha1')}` })],
    ['S33', 'SHA-1 in the place of SHA-256', (b) => signature(`sha1=${hmac(shop.secret, b, 'sha1')}`)],
    ['S33', 'SHA-1 under the name of SHA-256', (b) => signature(`sha256=${hmac(shop.secret, b, 'sha1')}`)],
    ['S33', 'SHA-512', (b) => signature(`sha512=${hmac(shop.secret, b, 'sha512')}`)],
    ['S33', 'another secret', (b) => signature(`sha256=${hmac('another-secret', b)}`)],
    ['S33', 'an empty secret', (b) => signature(`sha256=${hmac('', b)}`)],
    ['S34', 'an empty signature', () => signature('sha256=')],
    ['S34', 'an empty header', () => signature('')],
    ['S34', '63 digits', (b) => signature(`sha256=${hmac(shop.secret, b).slice(1)}`)],
    ['S34', '65 digits', (b) => signature(`sha256=${hmac(shop.secret, b)}0`)],
    ['S34', 'a digit that is none', (b) => signature(`sha256=${hmac(shop.secret, b).slice(0, 63)}g`)],
    ['S34', 'its prefix in capitals', (b) => signature(`SHA256=${hmac(shop.secret, b)}`)],
    ['S34', 'no prefix', (b) => signature(hmac(shop.secret, b))],
    ['S34', 'base64', (b) => signature(`sha256=${Buffer.from(hmac(shop.secret, b), 'hex').toString('base64')}`)],
    ['S34', 'digits of another alphabet', () => signature(`sha256=${Buffer.from('２'.repeat(64)).toString('latin1')}`)],
    ['S34', 'ten kilobytes of digits', () => signature(`sha256=${'0'.repeat(10_000)}`)],
    ['S35', 'a right one before a wrong one', (b) => signature([`sha256=${hmac(shop.secret, b)}`, 'sha256=00'])],
    ['S35', 'a right one after a wrong one', (b) => signature(['sha256=00', `sha256=${hmac(shop.secret, b)}`])],
    ['S35', 'a right one in a list', (b) => signature(`sha256=00, sha256=${hmac(shop.secret, b)}`)],
    ['S35', 'a right one twice', (b) => signature(Array(2).fill(`sha256=${hmac(shop.secret, b)}`))],
    ['S37', "another organization's secret", (b) => signature(`sha256=${hmac(others.secret, b)}`)],
  ]
  for (const group of ['S31', 'S33', 'S34', 'S35', 'S37']) {
    const cases = refused.filter(([of]) => of === group)
    test.serial(title(group, profile), async (t) => {
      const before = await shop.inbox()
      const { badSignatures } = await shop.health()
      for (const [, what, headers] of cases) {
        const given = body()
        const answer = await shop.post(given, headers(given))
        t.is(answer.status, 401, what)
        t.is(JSON.parse(answer.text).code, 'bad-signature', what)
      }
      await settled()
      t.deepEqual(await shop.inbox(), {
        customers: before.customers + 1,
        tickets: before.tickets + 1,
        messages: before.messages + 1,
      })
      t.is(await shop.count('raw_events'), taken)
      await waitFor(async () => (await shop.health()).badSignatures === badSignatures + cases.length, 15_000)
      t.is(stage.log.of('error').length, 0, stage.log.text)
    })
  }

  test.serial(`S32: ${profile}: a signature of other bytes is 401, and nothing of it is kept`, async (t) => {
    const given = body()
    const signed = `sha256=${hmac(shop.secret, given)}`
    const parsed = JSON.parse(given)
    const others = {
      'one byte': given.replace('hello', 'hellp'),
      'a space behind it': `${given} `,
      'a line end behind it': `${given}\n`,
      'another order of keys': JSON.stringify({ entry: parsed.entry, object: parsed.object }),
      'other spaces': JSON.stringify(parsed, null, 1),
      'a mark before it': `\ufeff${given}`,
      nothing: '',
    }
    for (const [what, other] of Object.entries(others))
      t.is((await shop.post(other, signature(signed))).status, 401, what)
    await settled()
    t.is(await shop.count('raw_events'), taken)
  })

  test.serial(`S39: ${profile}: a compressed bomb is never unpacked, signed or not`, async (t) => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 })
    const packed = { 'content-encoding': 'gzip' }
    const before = process.memoryUsage().rss
    for (let round = 0; round < 5; round++) t.is((await shop.post(bomb, packed)).status, 401)
    const { quarantined } = await shop.health()
    t.is((await shop.signed(bomb, packed)).status, 200, 'bytes like any others')
    await settled()
    taken += 1
    await waitFor(async () => (await shop.health()).quarantined === quarantined + 1, 15_000)
    t.is(await shop.count('raw_events'), taken)
    const path = `/orgs/${shop.client.orgId}/channels`
    const headers = { ...packed, authorization: `Bearer ${shop.client.accessToken}` }
    const answer = await shop.post(bomb, headers, path)
    t.is(answer.status, 415, answer.text)
    t.is(answer.text.includes('unsupported-media-type'), true)
    t.true(process.memoryUsage().rss - before < 100 * 1024 * 1024)
  })

  test.serial(`S40: ${profile}: two lengths, or a length and chunks, are 400, and the connection ends`, async (t) => {
    const given = body()
    const head = (more: string) =>
      `POST ${shop.path} HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=${hmac(shop.secret, given)}\r\n${more}\r\n\r\n`
    const length = given.length
    const chunked = `${length.toString(16)}\r\n${given}\r\n0\r\n\r\n`
    const smuggled = `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`
    const tricks: Record<string, string> = {
      'two lengths': head(`Content-Length: ${length}\r\nContent-Length: ${length + 1}`) + given,
      'the same length twice': head(`Content-Length: ${length}\r\nContent-Length: ${length}`) + given,
      'a list of lengths': head(`Content-Length: ${length}, ${length}`) + given,
      'a length and chunks': head(`Content-Length: ${length}\r\nTransfer-Encoding: chunked`) + chunked,
      'chunks and a length': head(`Transfer-Encoding: chunked\r\nContent-Length: 4`) + chunked,
      'chunks by another name': head('Transfer-Encoding: xchunked') + chunked,
      'chunks twice': head('Transfer-Encoding: chunked, identity') + chunked,
      'a space before the colon': head('Transfer-Encoding : chunked') + chunked,
      'a length below nothing': head('Content-Length: -1') + given,
      'a length with a sign': head(`Content-Length: +${length}`) + given,
    }
    for (const [what, bytes] of Object.entries(tricks)) {
      const text = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(stage.url).port), '127.0.0.1')
        let all = ''
        socket.setTimeout(5_000, () => reject(new Error(`${what}: the connection stays`)))
        socket.on('data', (chunk) => (all += chunk.toString()))
        socket.on('close', () => resolve(all))
        socket.on('error', reject)
        socket.write(bytes + smuggled)
      })
      t.regex(text, /^HTTP\/1\.1 400 /, what)
      t.is(text.split('HTTP/1.1 ').length, 2, `${what}: one answer, and none to what came behind`)
    }
    await settled()
    t.is(await shop.count('raw_events'), taken)
  })

  test.serial(`S51: ${profile}: without a secret nothing is taken: 503`, async (t) => {
    const { client } = shop
    const config = { pageId: '17841400000000999', accessToken: planted('access-token') }
    const made = await client.call<ChannelJson>('POST', '/channels', { type: 'INSTAGRAM', name: 'No secret', config })
    t.is(made.status, 201, JSON.stringify(made.body))
    const given = body()
    for (const to of [`/webhook/${made.body.id}`, '/webhook/instagram']) {
      for (const headers of [
        {},
        signature(`sha256=${hmac('', given)}`),
        signature(`sha256=${hmac('undefined', given)}`),
      ]) {
        const answer = await shop.post(given, headers, to)
        t.is(answer.status, 503, to)
        t.is(JSON.parse(answer.text).code, 'no-webhook-secret')
      }
    }
    await settled()
    t.is(await shop.count('raw_events'), taken)
  })
})

/** What the table of docs/security.md calls the group. */
function title(group: string, profile: string): string {
  const titles: Record<string, string> = {
    S31: `S31: ${profile}: without a signature a body is 401, and nothing of it is kept`,
    S33: `S33: ${profile}: a weaker algorithm or another secret is 401, and nothing of it is kept`,
    S34: `S34: ${profile}: a signature of any other form is 401, and never an error of ours`,
    S35: `S35: ${profile}: two signatures, one of them right, are 401`,
    S37: `S37: ${profile}: another organization's secret is 401`,
  }
  return titles[group]!
}

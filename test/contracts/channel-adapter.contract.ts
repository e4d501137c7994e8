import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import type { TestFn } from 'ava'
import fc from 'fast-check'
import { storableText } from '../../src/core/channel/content.ts'
import type { ChannelAccount, OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import { textContent } from '../../src/core/channel/outbound-content.ts'
import type { ExternalMessageId, ExternalUserId } from '../../src/core/ids.ts'
import type { ChannelAdapter, ParseOptions, RawWebhook } from '../../src/ports/channel-adapter.ts'

export type ChannelSamples = Readonly<{
  /** Settings that the schema takes, secrets included. */
  config: Readonly<Record<string, unknown>>
  /** A request that `secret` vouches for, holding at least one customer's message to the account of `config`. */
  genuine: (secret: string) => RawWebhook
  /** Requests that no secret vouches for. */
  forged: (secret: string) => readonly RawWebhook[]
}>

export type ChannelContract = Readonly<{
  name: string
  create: (deps: { fetch: typeof globalThis.fetch }) => ChannelAdapter
  samples: ChannelSamples
}>

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void

const RECEIVED_AT = new Date('2026-09-10T12:00:00.000Z')
const SECRETS = ['first-secret-0123456789', 'second-secret-0123456789'] as const
const PLANTED = 'planted-access-token-4711'
const RUNS = 500

/** What every channel keeps to, whatever network is behind it. */
export function channelAdapterContract(test: TestFn, { name, create, samples }: ChannelContract): void {
  const noNetwork = () => Promise.reject(new TypeError('fetch failed'))
  const adapter = create({ fetch: noNetwork })
  const { schema, account, webhookSecrets, verifyTokens } = adapter.settings
  const options = (verified: boolean): ParseOptions => ({
    receivedAt: RECEIVED_AT,
    account: account(samples.config),
    verified,
  })

  test(`${name}: type and platform are words that a client can switch on`, (t) => {
    t.regex(adapter.type, /^[A-Z][A-Z0-9_]*$/)
    t.regex(adapter.platform, /^[A-Z][A-Z0-9_]*$/)
  })

  test(`${name}: the settings are a strict schema that takes the sample`, (t) => {
    const ajv = new Ajv2020({ allErrors: true })
    addFormats(ajv)
    ajv.addVocabulary(['x-secret', 'x-installation-default'])
    const validate = ajv.compile(schema)
    t.true(validate(samples.config), ajv.errorsText(validate.errors))
    t.false(validate({ ...samples.config, unheardOf: 1 }))
    t.false(validate({}))
  })

  test(`${name}: what verifies is marked as secret`, (t) => {
    const { properties } = schema as { properties: Record<string, Record<string, unknown>> }
    t.true(webhookSecrets.length > 0, 'a channel that nothing vouches for would be open to everybody')
    for (const setting of [...webhookSecrets, ...verifyTokens]) t.is(properties[setting]?.['x-secret'], true, setting)
  })

  test(`${name}: the account is one word and the same each time`, (t) => {
    t.regex(account(samples.config), /^\S+$/)
    t.is(account(samples.config), account(samples.config))
  })

  test(`${name}: limits are positive`, (t) => {
    const { surfaces, replyWindow } = adapter.capabilities
    const { humanAgent = null, ...hours } = replyWindow ?? {}
    const texts = Object.values(surfaces).map(({ text }) => text?.maxBytes ?? null)
    for (const limit of [...texts, humanAgent?.hours ?? null, ...Object.values(hours)])
      t.true(limit === null || limit > 0)
    const { properties } = adapter.settings.schema as { properties: Record<string, Record<string, unknown>> }
    if (humanAgent) t.is(properties[humanAgent.setting]?.['type'], 'boolean')
  })

  test(`${name}: a genuine request verifies, and says by which secret`, (t) => {
    const [first, second] = SECRETS
    const { verify } = adapter.webhook
    t.is(verify(samples.genuine(first), [first]), 0)
    t.is(verify(samples.genuine(second), [first, second]), 1)
    t.is(verify(samples.genuine(first), [second]), -1)
  })

  test(`${name}: without a secret nothing verifies`, (t) => {
    const { verify } = adapter.webhook
    t.is(verify(samples.genuine(SECRETS[0]), []), -1)
    t.is(verify(samples.genuine(SECRETS[0]), ['']), -1)
    t.is(verify(samples.genuine(''), ['']), -1)
  })

  test(`${name}: forged requests do not verify`, (t) => {
    const { body } = samples.genuine(SECRETS[0])
    const forged = [...samples.forged(SECRETS[0]), { body, headers: {} }]
    for (const request of forged) t.is(adapter.webhook.verify(request, SECRETS), -1, JSON.stringify(request.headers))
  })

  test(`${name}: verifying never throws, whatever the headers`, (t) => {
    const names = Object.keys(samples.genuine(SECRETS[0]).headers)
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: 'binary' }), (body, value) => {
        const headers = Object.fromEntries(names.map((header) => [header, value]))
        return adapter.webhook.verify({ body, headers }, SECRETS) === -1
      }),
      { numRuns: RUNS },
    )
    t.pass()
  })

  test(`${name}: a handshake is answered to nobody without the token`, (t) => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (query) => {
        const answer = adapter.webhook.handshake?.(new URLSearchParams(query), ['a-token-that-was-not-sent']) ?? null
        return answer === null
      }),
    )
    t.pass()
  })

  test(`${name}: a genuine body is a message to the channel's own account`, (t) => {
    const parsed = adapter.parser.parse(samples.genuine(SECRETS[0]).body, options(true))
    if (!parsed.readable) return t.fail(parsed.reason)
    const own = parsed.shares.filter((share) => share.account === account(samples.config))
    t.true(own.some(({ events }) => events.some(({ type }) => type === 'message')))
  })

  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text)),
    fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 5 })).map(([at, noise]) => {
      const body = Buffer.from(samples.genuine(SECRETS[0]).body)
      const cut = at % (body.length + 1)
      return Buffer.concat([body.subarray(0, cut), noise, body.subarray(cut)])
    }),
  )

  test(`${name}: any bytes are read or refused with a reason, the same way each time, and can be stored`, (t) => {
    fc.assert(
      fc.property(junk, fc.boolean(), (body, verified) => {
        const parsed = adapter.parser.parse(body, options(verified))
        t.deepEqual(adapter.parser.parse(body, options(verified)), parsed)
        if (!parsed.readable) return /^[a-z-]+$/.test(parsed.reason)
        return parsed.shares.every(({ body: own, account: whose, events }) => {
          JSON.parse(own)
          const isText = storableText(own) === own && storableText(whose) === whose
          return isText && events.every((event) => isStorable(event, RECEIVED_AT))
        })
      }),
      { numRuns: RUNS },
    )
    t.pass()
  })

  /** Every share of a body that can be read, with what it says. */
  const sharesOf = (body: Uint8Array, verified: boolean) => {
    const parsed = adapter.parser.parse(body, options(verified))
    return parsed.readable ? parsed.shares : []
  }
  const { erase } = adapter.parser
  const eventsOf = (body: string, verified: boolean): readonly InboundEvent[] =>
    sharesOf(Buffer.from(body), verified).flatMap(({ events }) => events)

  test(`${name}: whose messages can be taken out of a body is out of it with ids and words, and others stay`, (t) => {
    if (!erase) return t.pass('nothing of a body is kept')
    const { body } = samples.genuine(SECRETS[0])
    for (const share of sharesOf(body, true)) {
      t.is(
        erase(share.body, options(true), () => false),
        share.body,
        'the same text where nobody goes',
      )
      for (const event of share.events) {
        if (event.type !== 'message') continue
        const left = erase(
          share.body,
          options(true),
          (one) => 'externalId' in one && one.externalId === event.externalId,
        )
        t.false(left.includes(event.externalId))
        if (event.text !== null) t.false(left.includes(event.text))
        const others = share.events.filter((one) => !('externalId' in one) || one.externalId !== event.externalId)
        for (const one of eventsOf(left, true).filter(({ type }) => type !== 'unhandled'))
          t.true(others.some((other) => JSON.stringify(other) === JSON.stringify(one)))
      }
      t.deepEqual(
        eventsOf(
          erase(share.body, options(true), () => true),
          true,
        ).filter(isSomebodys),
        [],
      )
    }
  })

  test(`${name}: what goes out of a body is told all that stands beside it, and out of any body it goes`, (t) => {
    if (!erase) return t.pass('nothing of a body is kept')
    const { body } = samples.genuine(SECRETS[0])
    for (const share of sharesOf(body, true)) {
      const people = share.events.flatMap((event) => ('thread' in event ? [event.thread.person.externalId] : []))
      const told: boolean[] = []
      erase(share.body, options(true), (_, names) => told.push(people.some((person) => names(person))) < 0)
      t.true(people.length === 0 || told.includes(true), 'by the ids that an item holds it can be found')
    }
    fc.assert(
      fc.property(junk, fc.boolean(), fc.nat({ max: 3 }), (bytes, verified, keep) => {
        const isGone = (event: InboundEvent) => isSomebodys(event) && event.externalId.length % 4 !== keep
        const own = sharesOf(bytes, verified).filter((share) => share.account === account(samples.config))
        return own.every(({ body: text }) => {
          const left = erase(text, options(verified), isGone)
          return erase(left, options(verified), isGone) === left && !eventsOf(left, verified).some(isGone)
        })
      }),
      { numRuns: RUNS },
    )
  })

  test(`${name}: a hand-made call counts for the channel's own account`, (t) => {
    fc.assert(
      fc.property(junk, (body) => {
        const parsed = adapter.parser.parse(body, options(false))
        return !parsed.readable || parsed.shares.every((share) => share.account === account(samples.config))
      }),
      { numRuns: RUNS },
    )
    t.pass()
  })

  test(`${name}: a send resolves for every answer the network can give, and never names the token`, async (t) => {
    for (const answer of everyAnswer()) {
      const delivery = await create({ fetch: answer }).sender.send(
        aMessage(),
        anAccount(),
        new AbortController().signal,
      )
      t.true(['accepted', 'refused', 'retry', 'reauthorize', 'unknown'].includes(delivery.status))
      t.false(JSON.stringify(delivery).includes(PLANTED))
    }
    const cancelled = await adapter.sender.send(aMessage(), anAccount(), AbortSignal.abort())
    t.not(cancelled.status, 'refused')
  })

  test(`${name}: a profile look-up resolves for every answer too`, async (t) => {
    for (const answer of everyAnswer()) {
      const found = await create({ fetch: answer }).profiles?.look(PERSON, anAccount(), new AbortController().signal)
      if (found) t.true(['found', 'withheld', 'retry', 'reauthorize'].includes(found.status))
      t.false(JSON.stringify(found ?? null).includes(PLANTED))
    }
  })

  function anAccount(): ChannelAccount {
    const secrets = { ...strings(samples.config), accessToken: PLANTED }
    const ids = { orgId: 'org', channelId: 'channel' } as unknown as Pick<ChannelAccount, 'orgId' | 'channelId'>
    return { ...ids, account: account(samples.config), settings: samples.config, secrets }
  }
}

const isSomebodys = (event: InboundEvent): event is InboundEvent & { externalId: ExternalMessageId } =>
  'externalId' in event

const PERSON = '2100000000000345' as ExternalUserId

const aMessage = (): OutboundMessage => ({
  recipient: { type: 'person', externalId: PERSON },
  content: textContent('Thank you!'),
  replyTo: null,
  asHumanAgent: false,
  reference: '0198f0c0-0000-7000-8000-000000000001',
  requestId: null,
})

const strings = (config: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(config).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))

const STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 413, 429, 500, 502, 503]
const BODIES = [
  '',
  '<html>',
  '{}',
  'null',
  '[]',
  '7',
  '{"message_id":"m.1"}',
  '{"message_id":7}',
  '{"error":null}',
  '{"error":"x"}',
  '{"error":{}}',
  `{"error":{"code":190,"message":"token ${PLANTED}"}}`,
  '{"error":{"code":"4","message":7,"error_subcode":{}}}',
  `${'['.repeat(100_000)}`,
]

function* everyAnswer(): Generator<typeof globalThis.fetch> {
  for (const status of STATUSES) {
    for (const body of BODIES) yield async () => new Response(status === 204 ? null : body, { status })
  }
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', undefined]) {
    yield () => Promise.reject(Object.assign(new TypeError(`fetch failed: ${PLANTED}`), { cause: { code } }))
  }
  yield () => Promise.reject(PLANTED)
}

/** Every string of an event fits a column, every id an index, every time the calendar. */
export function isStorable(event: InboundEvent, receivedAt: Date): boolean {
  const isText = (text: string | null) => text === null || storableText(text) === text
  const isId = (id: string) => id !== '' && Buffer.byteLength(id) <= 512 && isText(id)
  const isInTime = event.at.getUTCFullYear() >= 2010 && event.at.getTime() <= receivedAt.getTime() + 86_400_000
  if (!isInTime) return false
  if (event.type === 'unhandled') return /^[a-z-]+$/.test(event.reason)
  if (event.type === 'unsend') return isId(event.externalId)
  if (event.type === 'own-comment') return isId(event.externalId) && isId(event.under) && isText(event.text)
  if (event.type === 'edit') return isId(event.externalId) && isText(event.text) && event.revision > 0
  if (event.type === 'read' || event.type === 'announced') return isId(event.externalId)
  if (event.type === 'reaction') {
    const { name = null, emoji = null } = event.reaction ?? {}
    return isId(event.externalId) && isId(event.actor) && isText(name) && isText(emoji)
  }
  const { key, person } = event.thread
  const isThread = isId(key) && isId(person.externalId) && isText(person.username) && isText(person.name)
  if (event.type === 'optin') return isThread && isId(event.externalId) && isText(event.payload)
  if (event.type === 'referral') return isThread && Object.values(event.referral).every(isText)
  if (event.type === 'thread-control') return isThread && (event.owner === null || isId(event.owner))
  const replied: ExternalMessageId | null = event.replyToExternalId
  const attached = event.attachments.flatMap(({ url, title, platformType }) => [url, title, platformType])
  const { permalink = null, mediaId = null, mediaUrl = null, payload = null } = event.context ?? {}
  const texts = [event.text, ...attached, permalink, mediaId, mediaUrl, payload]
  return isThread && isId(event.externalId) && (replied === null || isId(replied)) && texts.every(isText)
}

import test from 'ava'
import type { CallbackDeps } from '../../../src/adapters/plain/callback-sender.ts'
import { createPlainChannel } from '../../../src/adapters/plain/channel.ts'
import { systemClock } from '../../../src/adapters/system-clock.ts'
import type { ChannelAccount } from '../../../src/core/channel/delivery.ts'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { textContent } from '../../../src/core/channel/outbound-content.ts'
import type { ExternalAccountId, ExternalUserId } from '../../../src/core/ids.ts'
import { channelAdapterContract } from '../../contracts/channel-adapter.contract.ts'

// Step 6.2 of the setup guide, as it stands there.
const guide = {
  senderPhone: 'instagram_user_123',
  senderName: 'John Doe',
  message: 'Hello! I need help with my order',
  messageId: 'ig_msg_123',
  metadata: { platform: 'instagram', type: 'direct_message' },
}
const body = Buffer.from(JSON.stringify(guide))
const bearer = (authorization: string) => ({ body, headers: { authorization } })

/** Where replies are collected nobody is called. */
const deps: CallbackDeps = {
  client: { request: () => Promise.reject(new Error('nobody is to be called')) },
  clock: systemClock,
  httpsOnly: true,
}

channelAdapterContract(test, {
  name: 'API',
  create: () => createPlainChannel(deps),
  samples: {
    config: { secret: 'a-secret-of-24-characters', name: 'Web shop' },
    genuine: (secret) => bearer(`Bearer ${secret}`),
    forged: (secret) => [
      bearer(`Bearer ${secret}x`),
      bearer(`Bearer ${secret.slice(1)}`),
      bearer(`Bearer ${secret.toUpperCase()}`),
      bearer(`Basic ${secret}`),
      bearer(secret),
      bearer('Bearer '),
      bearer(`Bearer ${secret} ${secret}`),
      { body, headers: { 'x-api-secret': secret } },
    ],
  },
})

const RECEIVED_AT = new Date('2026-09-10T12:00:00.000Z')
const { parser, sender, settings, capabilities, profiles } = createPlainChannel(deps)

function parse(value: unknown, receivedAt = RECEIVED_AT): readonly InboundEvent[] {
  const options = { receivedAt, account: 'api' as ExternalAccountId, verified: true }
  const parsed = parser.parse(Buffer.from(JSON.stringify(value)), options)
  if (!parsed.readable) throw new Error(parsed.reason)
  const [share, ...others] = parsed.shares
  if (share === undefined || others.length > 0) throw new Error('one share')
  return share.events
}

test('the guide’s message is one text message of its sender', (t) => {
  t.deepEqual(parse(guide) as unknown, [
    {
      type: 'message',
      at: RECEIVED_AT,
      thread: {
        surface: 'DM',
        key: 'instagram_user_123',
        person: { externalId: 'instagram_user_123', username: null, name: 'John Doe' },
      },
      externalId: 'ig_msg_123',
      kind: 'TEXT',
      text: 'Hello! I need help with my order',
      attachments: [],
      context: null,
      replyToExternalId: null,
      opensWindow: true,
      referral: null,
    },
  ])
})

test('a list is that many messages, and one bad item spoils none of the others', (t) => {
  const events = parse([guide, null, { test: true }, { ...guide, message: 7 }, { ...guide, messageId: 'second' }])
  t.deepEqual(
    events.map((event) => (event.type === 'unhandled' ? event.reason : event.type)),
    ['message', 'not-the-plain-form', 'not-the-plain-form', 'plain-form-incomplete', 'message'],
  )
})

test('a time may be given, in any of the usual forms', (t) => {
  const at = new Date('2026-09-10T11:00:00.000Z')
  for (const timestamp of [at.getTime(), at.getTime() / 1000, String(at.getTime()), at.toISOString()]) {
    t.deepEqual(parse({ ...guide, timestamp })[0]?.at, at)
  }
})

test('without an id, a redelivery is the same message and the same words later are another', (t) => {
  const { messageId: _, ...anonymous } = guide
  const idOf = (event: InboundEvent | undefined) => (event?.type === 'message' ? String(event.externalId) : '')
  const [first, twin] = parse([anonymous, anonymous])
  t.is(idOf(parse([anonymous])[0]), idOf(first))
  t.not(idOf(twin), idOf(first))
  t.not(idOf(parse(anonymous, new Date(RECEIVED_AT.getTime() + 1))[0]), idOf(first))
})

test('a numeric sender or message id keeps every digit', (t) => {
  const text = '{"senderPhone":354123456789012345678,"message":"hi","messageId":90071992547409931}'
  const options = { receivedAt: RECEIVED_AT, account: 'api' as ExternalAccountId, verified: true }
  const parsed = parser.parse(Buffer.from(text), options)
  const [event] = parsed.readable ? (parsed.shares[0]?.events ?? []) : []
  t.like(event, { externalId: '90071992547409931', thread: { key: '354123456789012345678' } })
})

test('a reply is accepted at once under our own reference', async (t) => {
  const delivery = await sender.send(
    {
      recipient: { type: 'person', externalId: 'x' as ExternalUserId },
      content: textContent('Hi'),
      replyTo: null,
      asHumanAgent: false,
      reference: 'r-1',
      requestId: null,
    },
    { settings: {}, secrets: {} } as unknown as ChannelAccount,
    new AbortController().signal,
  )
  t.deepEqual(delivery as unknown, { status: 'accepted', externalId: 'out:r-1' })
})

test('what customers write comes through the API, which no network has seen', (t) => {
  t.is(createPlainChannel(deps).inboundVia, 'API')
})

test('it has no window, no profiles, no comments, and one account', (t) => {
  t.like(capabilities, { replyWindow: null, privateReplyToComment: false })
  t.is(profiles, undefined)
  t.is(String(settings.account({})), 'api')
})

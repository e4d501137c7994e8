import { createHmac } from 'node:crypto'
import test from 'ava'
import { createIdSource } from '../../src/adapters/ids.ts'
import { verifySignature } from '../../src/adapters/instagram/signature.ts'
import { acceptWebhook } from '../../src/core/channel/accept-webhook.ts'
import { Unavailable } from '../../src/core/errors.ts'
import type { ChannelId, ExternalAccountId, OrgId } from '../../src/core/ids.ts'
import type { ChannelAdapter } from '../../src/ports/channel-adapter.ts'
import type { AppDelivery, RawDelivery } from '../../src/ports/webhook-intake.ts'

const SECRET = 'the secret of the channel'
const channelId = 'channel-1' as ChannelId
const body = Buffer.from('{"object":"instagram","entry":[]}')
const signed = (secret: string) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
})

type World = Readonly<{ secrets?: readonly string[]; allowUnverifiedWebhooks?: boolean; away?: boolean }>

function door({ secrets = [SECRET], allowUnverifiedWebhooks = false, away = false }: World) {
  const accepted: (RawDelivery | AppDelivery)[] = []
  const counted: string[] = []
  const adapter = { type: 'INSTAGRAM', webhook: { verify: verifySignature } } as unknown as ChannelAdapter
  const accept = acceptWebhook({
    channelDirectory: {
      find: async (id) =>
        id === channelId
          ? {
              id,
              orgId: 'org-1' as OrgId,
              type: 'INSTAGRAM',
              status: 'ACTIVE',
              account: '17841400000000101' as ExternalAccountId,
              aliases: [],
              webhookSecrets: secrets,
              verifyTokens: [],
            }
          : null,
      count: (id, what) => void counted.push(`${id} ${what}`),
    },
    channelRegistry: { types: ['INSTAGRAM'], get: () => adapter },
    clock: { now: () => new Date(0), monotonicMs: () => 0 },
    ids: createIdSource(),
    intake: {
      accept: async (delivery) => {
        if (away) throw new Unavailable('planted')
        accepted.push(delivery)
      },
    },
    settings: { allowUnverifiedWebhooks },
  })
  const call = (headers: Readonly<Record<string, string>>, { isLocal = true, to = channelId } = {}) =>
    accept({ channelId: to, body, headers, isLocal, requestId: 'a request' })
  return { accepted, counted, call }
}

const forgeries = {
  'no signature': {},
  'an empty signature': { 'x-hub-signature-256': '' },
  'a sham signature': { 'x-hub-signature-256': 'sha256=test_signature' },
  "another channel's signature": signed('the secret of another channel'),
}

for (const [what, headers] of Object.entries(forgeries)) {
  test(`with ${what} nothing is taken, from this machine either, and the channel counts it`, async (t) => {
    const { accepted, counted, call } = door({})
    t.deepEqual(await call(headers), { status: 'bad-signature' })
    t.deepEqual(await call(headers, { isLocal: false }), { status: 'bad-signature' })
    t.deepEqual(accepted, [])
    t.deepEqual(counted, Array(2).fill(`${channelId} badSignatures`))
  })

  test(`under the switch a call with ${what} is taken from this machine alone, as unverified`, async (t) => {
    const { accepted, counted, call } = door({ allowUnverifiedWebhooks: true })
    t.deepEqual(await call(headers, { isLocal: false }), { status: 'bad-signature' })
    t.deepEqual(accepted, [])
    t.deepEqual(await call(headers), { status: 'accepted' })
    t.is(accepted.length, 1)
    t.like(accepted[0], { channelId, orgId: 'org-1', body, verified: false })
    t.deepEqual(counted, [`${channelId} badSignatures`])
  })
}

test('a signed delivery is taken as verified, wherever it comes from and whatever the switch says', async (t) => {
  for (const allowUnverifiedWebhooks of [false, true]) {
    const { accepted, counted, call } = door({ allowUnverifiedWebhooks })
    for (const isLocal of [false, true]) t.deepEqual(await call(signed(SECRET), { isLocal }), { status: 'accepted' })
    t.deepEqual(
      accepted.map((delivery) => 'verified' in delivery && delivery.verified),
      [true, true],
    )
    t.deepEqual(counted, [])
  }
})

test('a channel without a secret takes nothing, signed with nothing or not; under the switch only from this machine', async (t) => {
  const closed = door({ secrets: [] })
  for (const headers of [{}, signed('')]) t.deepEqual(await closed.call(headers), { status: 'no-secret' })
  t.deepEqual(closed.accepted, [])
  t.deepEqual(closed.counted, [], 'nobody forged anything')
  const open = door({ secrets: [], allowUnverifiedWebhooks: true })
  t.deepEqual(await open.call({}, { isLocal: false }), { status: 'no-secret' })
  t.deepEqual(await open.call({}), { status: 'accepted' })
  t.like(open.accepted[0], { verified: false })
})

test('an unknown channel takes nothing, and where nothing can be kept nothing is acknowledged', async (t) => {
  const unknown = door({ allowUnverifiedWebhooks: true })
  t.deepEqual(await unknown.call(signed(SECRET), { to: 'another' as ChannelId }), { status: 'unknown-channel' })
  t.deepEqual(unknown.accepted, [])
  await t.throwsAsync(door({ away: true }).call(signed(SECRET)), { instanceOf: Unavailable })
})

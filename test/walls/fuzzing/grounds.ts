import { createHmac, randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { problemTypes } from '../../../src/adapters/http/problem.ts'
import { KEY_SCOPES } from '../../../src/core/api-key/api-key.ts'
import type { ConnectStage } from '../../support/connect-stage.ts'
import { connect, ticketOf } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { sampleFile } from '../../support/sample-files.ts'
import type { Caller } from '../tenancy/calls.ts'
import type { People, Shop, ShopIds } from '../tenancy/two-shops.ts'
import { storableText } from './hostile.ts'
import { type CallerName, isKey } from './requests.ts'
import type { Known } from './valid-values.ts'

/** Of what an operation takes away there are so many, and none of them is needed by another. */
const DOOMED = 8

export type Grounds = Readonly<{
  known: Known
  /** One's own things for a call of this operation. Of what both take away half is for people, and half for programs. */
  idsFor(operationId: string, which: number, name: CallerName): ShopIds
  /** Of whoever calls; undefined for nobody. */
  tokenOf(name: CallerName, operationId: string): Promise<string | undefined>
  /** The session that passed may be over: the next one begins anew. */
  passed(): void
}>

export async function openGrounds(
  stage: ConnectStage,
  caller: Caller,
  people: People,
  shop: Shop,
  stranger: Shop,
): Promise<Grounds> {
  const owner = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const { status, text } = await caller.call(method, `/orgs/${shop.orgId}${path}`, { token: shop.tokens.OWNER, body })
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
    return JSON.parse(text) as T
  }
  const several = <T>(make: (at: number) => Promise<T>) =>
    Promise.all(Array.from({ length: DOOMED }, (_, at) => make(at)))

  const secret = 'a-secret-of-sixteen-letters'
  const makeChannel = (name: string) =>
    owner<{ id: string }>('POST', '/channels', { type: 'API', name, config: { secret } })
  const doomed = await several((at) => makeChannel(`Channel ${at}`))
  // Those that go are soon gone, and what is gone nobody changes.
  const changed = await several((at) => makeChannel(`A channel that stays ${at}`))
  const door = await makeChannel('A door')
  const members = await several(() => people.join(shop.orgId, 'AGENT'))
  const invitations = await several((at) =>
    owner<{ id: string }>('POST', '/invitations', { email: `invited-${at}@example.com`, role: 'AGENT' }),
  )
  const makeKey = (channelIds?: readonly string[]) =>
    owner<{ key: { id: string }; secret: string }>('POST', '/api-keys', {
      ...{ name: 'A program', scopes: KEY_SCOPES },
      ...(channelIds && { channelIds }),
    })
  const keys = await several(() => makeKey())
  const keyOfChannel = await makeKey([shop.ids['channelId']!])
  const attachments: { id: string }[] = []
  for (let at = 0; at < DOOMED; at++) attachments.push(await owner('POST', '/attachments', sampleFile('png', 500)))

  // A conversation under a post: what is done to comments is done to nothing else.
  const { account } = await connect(shop.client, stage.simulator)
  const comments: ShopIds[] = []
  for (let at = 0; at < DOOMED; at++) {
    const who = stage.simulator.customer({ account })
    await stage.simulator.comment(who, 'How much is it?')
    const ticket = await ticketOf(shop.client, who, 'COMMENT')
    await waitFor(async () => (await shop.client.messages(ticket.id)).length > 0)
    const [message] = await shop.client.messages(ticket.id)
    comments.push({ ...shop.ids, ticketId: ticket.id, messageId: message!.id, customerId: ticket.customerId })
  }
  // Who is erased takes their conversation along.
  const erased = comments.splice(DOOMED / 2)
  const pick = <T>(list: readonly T[], which: number): T => list[which % list.length]!
  const onComments = new Set(['hideComment', 'showComment'])

  let passing: Promise<Readonly<{ token: string; email: string }>> | null = null
  const session = async () => {
    const { email } = await people.join(shop.orgId, 'AGENT')
    return { email, token: await people.signIn(email) }
  }
  const known = knownOf(stage, shop, people)
  return {
    known,
    idsFor(operationId, which, name) {
      const { ids } = shop
      const share = <T>(list: readonly T[]): T => {
        const middle = list.length / 2
        return pick(isKey(name) ? list.slice(middle) : list.slice(0, middle), which)
      }
      if (operationId === 'deleteChannel') return { ...ids, channelId: share(doomed).id }
      if (operationId === 'updateChannel') return { ...ids, channelId: pick(changed, which).id }
      if (operationId === 'receiveWebhook' || operationId === 'verifyWebhook')
        return { ...ids, channelId: pick([ids['channelId']!, door.id], which) }
      if (operationId === 'removeMember' || operationId === 'updateMember' || operationId === 'endMemberSessions')
        return { ...ids, memberId: pick(members, which).memberId }
      if (operationId === 'revokeInvitation') return { ...ids, invitationId: pick(invitations, which).id }
      if (operationId === 'revokeApiKey') return { ...ids, apiKeyId: pick(keys, which).key.id }
      if (operationId === 'eraseCustomer') return { ...ids, customerId: pick(erased, which)['customerId']! }
      if (operationId === 'deleteAttachment') return { ...ids, attachmentId: share(attachments).id }
      if (operationId === 'deleteComment') return share(comments)
      const isOfComments = onComments.has(operationId) && which % 2 === 0
      return isOfComments || which % 6 === 0 ? pick(comments, which) : ids
    },
    async tokenOf(name, operationId) {
      // The system that posts to the channel has no session.
      if (operationId === 'receiveWebhook' && name === 'OWNER') return secret
      if (name === 'nobody') return undefined
      if (name === 'stranger') return stranger.tokens.OWNER
      if (name === 'key') return shop.apiKey
      if (name === 'keyOfChannel') return keyOfChannel.secret
      if (name !== 'passing') return shop.tokens[name]
      passing ??= session()
      return (await passing).token
    },
    passed() {
      passing = null
    },
  }
}

function knownOf(stage: ConnectStage, shop: Shop, people: People): Known {
  const bytes = fc.oneof(
    fc
      .constantFrom(...(['jpeg', 'png', 'gif', 'mp4', 'pdf', 'svg', 'html', 'zip'] as const))
      .map((kind) => sampleFile(kind, 1_000)),
    fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some)),
  )
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => Buffer.from(JSON.stringify(value)))
  const posted = fc.oneof(bytes, json)
  const signed = (appSecret: string) => {
    const payload = Buffer.from(
      JSON.stringify({ algorithm: 'HMAC-SHA256', issued_at: Math.floor(Date.now() / 1000), user_id: '1' }),
    ).toString('base64url')
    const signature = createHmac('sha256', appSecret).update(payload).digest('base64url')
    return Buffer.from(`signed_request=${signature}.${payload}`)
  }
  const callback = fc.oneof(posted, fc.constant(signed(stage.apps.instagram.appSecret)), fc.constant(signed('another')))
  const password = fc.oneof(fc.constant(people.password), storableText(8, 200))
  const text = storableText(1, 300)
  const link = new URL(shop.link).pathname.slice('/media/'.length)
  const settings = fc.oneof(
    fc.record({ secret: fc.constantFrom('a-secret-of-sixteen-letters', 'another-secret-of-letters') }),
    fc.record({ secret: fc.constant('a-secret-of-sixteen-letters'), name: text }),
    fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
  )
  return {
    'createAttachment body': bytes,
    'receiveWebhook body': posted,
    'receiveAppWebhook body': posted,
    'receiveDeauthorization body': callback,
    'receiveDataDeletion body': callback,
    password,
    currentPassword: password,
    // Whoever signs in next has to know it.
    newPassword: fc.oneof(fc.constant(people.password), fc.constantFrom('password', 'short', 'x'.repeat(201))),
    'createInvitation.email': fc.oneof(fc.constantFrom('ann@example.com', 'Bob@Example.com'), text),
    'logIn.email': fc.oneof(fc.constant(shop.emails.AGENT), text),
    'signUp.email': fc.oneof(
      fc.uuid().map((id) => `${id}@example.com`),
      text,
    ),
    'createChannel.type': fc.oneof(fc.constantFrom('API', 'INSTAGRAM', 'WHATSAPP'), text),
    'createChannel.config': settings,
    'updateChannel.config': settings,
    'getProblem.code': fc.constantFrom(...Object.keys(problemTypes)),
    'getScript.file': fc.constantFrom('invitation.js', 'password-reset.js'),
    'getDataDeletion.code': fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{10,60}$/), fc.constant(randomUUID())),
    'getMedia.token': fc.oneof(fc.constant(link), fc.stringMatching(/^[A-Za-z0-9_.-]{1,120}$/)),
    'hub.mode': fc.constantFrom('subscribe', 'unsubscribe'),
    'hub.verify_token': text,
    'hub.challenge': text,
  }
}

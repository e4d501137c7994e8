import { createHmac, timingSafeEqual } from 'node:crypto'
import type { HttpCore } from '../../src/adapters/http/http-deps.ts'
import type { AcceptWebhookInput } from '../../src/core/channel/accept-webhook.ts'
import { DomainError, NotFound, Unavailable } from '../../src/core/errors.ts'
import { LinkNotValid } from '../../src/core/member/invitation.ts'
import type { ChannelView, MessageView } from '../../src/ports/views.ts'
import type { FakeAccounts } from './fake-accounts.ts'
import type { FakeApiKeys } from './fake-api-keys.ts'
import type { FakeInvitations } from './fake-invitations.ts'
import type { FakeQueries } from './fake-queries.ts'
import type { FakeUploads } from './fake-uploads.ts'
import { aChannelView, aMessageView, anErasureView, anExportView, anImportView } from './fake-views.ts'

/** The use cases that the HTTP application calls, just clever enough to be talked to. */
export function createFakeCore(
  accounts: FakeAccounts,
  queries: FakeQueries,
  uploads: FakeUploads,
  invitations: FakeInvitations,
  apiKeys: FakeApiKeys,
) {
  const calls: { name: string; args: readonly unknown[] }[] = []
  const webhookSecrets = new Map<string, string>()
  const accepted: AcceptWebhookInput[] = []
  const keys = new Map<string, MessageView>()
  const state = {
    webhooks: 'open' as 'open' | 'away' | 'broken',
    failWith: null as Error | null,
    production: false,
    offsetMs: 0,
  }

  const away = () => new Unavailable('Nobody took it.', new Error('the spool said why'))

  const noted =
    <A extends readonly unknown[], R>(name: string, work: (...args: A) => R | Promise<R>) =>
    async (...args: A): Promise<R> => {
      calls.push({ name, args })
      if (state.failWith) throw state.failWith
      return work(...args)
    }
  const put = <T extends { id: string }>(all: T[], one: T) =>
    void all.splice(
      all.findIndex(({ id }) => id === one.id),
      1,
      one,
    )

  const core: HttpCore = {
    signUp: noted('signUp', ({ orgName, email, password }) => {
      if ([...accounts.people.values()].some((person) => person.email === email)) {
        throw new DomainError('email-taken', 'Somebody signed up with this e-mail address before.')
      }
      return {
        ...accounts.add({ email, password, orgName }),
        warnings: password === 'password123' ? ['weak-password'] : [],
      }
    }),
    logIn: noted('logIn', async ({ email, password }) => {
      const person = [...accounts.people.values()].find((one) => one.email === email.trim())
      if (person?.password !== password) return null
      const { password: _, ...user } = person
      return { user, memberships: await accounts.memberships(user.id) }
    }),
    // Not asked for by anybody, and so not among the calls.
    noteAccess: async () => {},
    noteFailedSignIn: async ({ email }) => {
      const person = [...accounts.people.values()].find((one) => one.email === email.trim())
      const [first] = person ? await accounts.memberships(person.id) : []
      return first ? { orgId: first.org.id, memberId: first.memberId } : null
    },
    endMemberSessions: noted('endMemberSessions', async (actor, id) => {
      if ((await accounts.member(actor.orgId, id)) === null) throw new NotFound('member')
      accounts.change(id, { sessionsSince: new Date(Date.now() + state.offsetMs) })
    }),
    changePassword: noted('changePassword', ({ email, password }) => {
      const person = [...accounts.people.values()].find((one) => one.email === email)!
      accounts.people.set(person.id, { ...person, password })
      accounts.since.set(person.id, new Date(Date.now() + state.offsetMs))
      return { warnings: [] }
    }),
    createApiKey: noted('createApiKey', apiKeys.createApiKey),
    revokeApiKey: noted('revokeApiKey', apiKeys.revokeApiKey),
    useApiKey: apiKeys.useApiKey,
    apiKeyStands: apiKeys.apiKeyStands,
    changeMember: noted('changeMember', async (actor, id, { role, disabled }) => {
      if ((await accounts.member(actor.orgId, id)) === null) throw new NotFound('member')
      accounts.change(id, { ...(role && { role }), ...(disabled !== undefined && { active: !disabled }) })
    }),
    removeMember: noted('removeMember', async (actor, id) => {
      if ((await accounts.member(actor.orgId, id)) === null) throw new NotFound('member')
      accounts.change(id, { active: false })
      accounts.removed.add(id)
    }),
    invite: noted('invite', (actor, input) => ({
      id: invitations.add(actor.orgId, input, actor.memberId),
      link: 'https://inbox.example.com/invitation#a-token',
    })),
    renewInvitation: noted('renewInvitation', async (actor, id) => {
      if ((await invitations.one(actor.orgId, id)) === null) throw new NotFound('invitation')
      return { id, link: 'https://inbox.example.com/invitation#another-token' }
    }),
    revokeInvitation: noted('revokeInvitation', async (actor, id) => {
      if (!invitations.remove(actor.orgId, id)) throw new NotFound('invitation')
    }),
    findInvitation: noted('findInvitation', () => {
      throw new LinkNotValid()
    }),
    acceptInvitation: noted('acceptInvitation', () => {
      throw new LinkNotValid()
    }),
    askForReset: (email) => void calls.push({ name: 'askForReset', args: [email] }),
    resetByLetter: noted('resetByLetter', () => {
      throw new LinkNotValid()
    }),
    createChannel: noted('createChannel', (actor, { type, name, config, retentionDays = null }) => {
      if (type === 'SMOKE') throw new DomainError('channel-type-unknown', 'Installed channel types: API, INSTAGRAM.')
      const { accessToken: _a, appSecret: _b, webhookVerifyToken: _c, ...settings } = config
      const channel = aChannelView(actor.orgId, { type, name, config: settings, retentionDays })
      queries.channels_.push(channel)
      return channel
    }),
    updateChannel: noted('updateChannel', async (actor, id, { name, status, retentionDays }) => {
      const before = await queries.channel(actor.orgId, id)
      if (before === null) throw new NotFound('channel')
      const channel: ChannelView = {
        ...before,
        name: name ?? before.name,
        status: status ?? before.status,
        retentionDays: retentionDays === undefined ? before.retentionDays : retentionDays,
      }
      put(queries.channels_, channel)
      return channel
    }),
    disconnectChannel: noted('disconnectChannel', async (actor, id) => {
      if ((await queries.channel(actor.orgId, id)) === null) throw new NotFound('channel')
    }),
    beginConnect: noted('beginConnect', () => ({ authorizeUrl: 'https://login.example', expiresAt: new Date() })),
    finishConnect: noted('finishConnect', () => {
      throw new DomainError('connect-denied', 'planted')
    }),
    chooseAccount: noted('chooseAccount', () => {
      throw new DomainError('connect-state-invalid', 'planted')
    }),
    answerHandshake: noted('answerHandshake', (channelId, query) => {
      if (state.webhooks === 'away') throw away()
      const known = webhookSecrets.has(channelId) && query.get('hub.mode') === 'subscribe'
      return known && query.get('hub.verify_token') === 'verify-me' ? query.get('hub.challenge') : null
    }),
    answerAppHandshake: () => null,
    takeWithdrawal: async () => ({ status: 'no-secret' }),
    acceptAppWebhook: async () => ({ status: 'no-secret' }),
    acceptWebhook: async (input) => {
      if (state.webhooks === 'broken') throw new Error('planted bug')
      const secret = webhookSecrets.get(input.channelId)
      if (secret === undefined) return { status: 'unknown-channel' }
      if (secret === '') return { status: 'no-secret' }
      const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(input.body).digest('hex')}`)
      const given = Buffer.from(input.headers['x-hub-signature-256'] ?? '')
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { status: 'bad-signature' }
      if (state.webhooks === 'away') throw away()
      accepted.push(input)
      return { status: 'accepted' }
    },
    updateTicket: noted('updateTicket', async (actor, { ticketId, status }) => {
      const ticket = await queries.ticket(actor.orgId, ticketId)
      if (ticket === null) throw new NotFound('ticket')
      if (status === 'SNOOZED') throw new DomainError('invalid-transition', 'A ticket cannot be set to SNOOZED here.')
      put(queries.tickets_, { ...ticket, ...(status && { status }) })
    }),
    sendReply: noted(
      'sendReply',
      async (actor, { ticketId, content = '', direction, clientMessageId, idempotencyKey, via }) => {
        if ((await queries.ticket(actor.orgId, ticketId)) === null) throw new NotFound('ticket')
        if (direction === 'INBOUND') throw new DomainError('direction-not-allowed', 'Only OUTBOUND can be posted here.')
        if (content.length > 1_000) {
          throw new DomainError('content-too-long', 'The text is too long.', {
            extra: { maxBytes: 1_000, actualBytes: content.length },
          })
        }
        const known = idempotencyKey === undefined ? undefined : keys.get(idempotencyKey)
        if (known) return { messageId: known.id, replayed: 'idempotency-key' }
        const earlier = queries.messages_.find(
          (one) => clientMessageId !== undefined && one.clientMessageId === clientMessageId,
        )
        if (earlier) return { messageId: earlier.id, replayed: 'client-message-id' }
        const message = aMessageView(actor.orgId, ticketId, { content, via, clientMessageId: clientMessageId ?? null })
        queries.messages_.push(message)
        if (idempotencyKey !== undefined) keys.set(idempotencyKey, message)
        return { messageId: message.id, replayed: 'no' }
      },
    ),
    retryMessage: noted('retryMessage', async (actor, { ticketId, messageId }) => {
      const message = await queries.message(actor.orgId, ticketId, messageId)
      if (message === null) throw new NotFound('message')
      if (message.status !== 'FAILED') throw new DomainError('not-failed', 'Only a FAILED message can be tried again.')
      put(queries.messages_, { ...message, status: 'QUEUED' })
    }),
    checkMessage: noted('checkMessage', async (actor, { ticketId, messageId }) => {
      if ((await queries.message(actor.orgId, ticketId, messageId)) === null) throw new NotFound('message')
      return { isChecked: true }
    }),
    moderateComment: noted('moderateComment', async (actor, { ticketId, messageId }) => {
      const message = await queries.message(actor.orgId, ticketId, messageId)
      if (message === null) throw new NotFound('message')
    }),
    react: noted('react', async (actor, { ticketId, messageId }) => {
      const message = await queries.message(actor.orgId, ticketId, messageId)
      if (message === null) throw new NotFound('message')
    }),
    signalCustomer: noted('signalCustomer', async (actor, ticketId) => {
      if ((await queries.ticket(actor.orgId, ticketId)) === null) throw new NotFound('ticket')
    }),
    sendAgain: noted('sendAgain', async (actor, { ticketId, messageId, via }) => {
      const message = await queries.message(actor.orgId, ticketId, messageId)
      if (message === null) throw new NotFound('message')
      if (message.status === 'SENT') throw new DomainError('not-unknown', 'Only an UNKNOWN message.')
      const again = aMessageView(actor.orgId, ticketId, { content: message.content, via, resendOf: messageId })
      queries.messages_.push(again)
      return again.id
    }),
    markNotification: noted('markNotification', async (actor, { notificationId, read }) => {
      const found = queries.notifications_.find((one) => one.id === notificationId && one.memberId === actor.memberId)
      if (!found) throw new NotFound('notification')
      put(queries.notifications_, { ...found, read })
    }),
    verifyChannel: noted('verifyChannel', async (actor, channelId) => {
      if ((await queries.channel(actor.orgId, channelId)) === null) throw new NotFound('channel')
      const check = { name: 'token', ok: null, detail: 'This is a fake.', fix: null }
      return { channelId, checkedAt: new Date(), checks: [check] }
    }),
    startImport: noted('startImport', async (actor, channelId) => {
      if ((await queries.channel(actor.orgId, channelId)) === null) throw new NotFound('channel')
      const view = anImportView(channelId)
      queries.imports_.push(view)
      return view
    }),
    eraseCustomer: noted('eraseCustomer', async (actor, customerId) => {
      if ((await queries.customer(actor.orgId, customerId)) === null) throw new NotFound('customer')
      const view = anErasureView(customerId)
      queries.erasures_.push({ ...view, orgId: actor.orgId })
      return view
    }),
    exportCustomer: noted('exportCustomer', async (actor, customerId, count) => {
      if ((await queries.customer(actor.orgId, customerId)) === null) throw new NotFound('customer')
      const running = queries.exports_.find((one) => one.customerId === customerId && one.state === 'PENDING')
      if (running) return (await queries.customerExport(actor.orgId, running.id))!
      await count()
      const view = anExportView(customerId)
      queries.exports_.push({ ...view, orgId: actor.orgId })
      return view
    }),
    fetchExport: noted('fetchExport', async (actor, id) => {
      const view = await queries.customerExport(actor.orgId, id)
      if (view === null) throw new NotFound('export')
      if (view.state === 'EXPIRED') throw new DomainError('export-expired', 'The file is gone.')
      if (view.state === 'FAILED') throw new DomainError('export-failed', 'There will be no file.')
      if (view.state !== 'READY') throw new DomainError('export-not-ready', 'The file is being written.')
      return view
    }),
    replayRawEvent: noted('replayRawEvent', async (actor, channelId, id) => {
      const found = await queries.rawEvent(actor.orgId, channelId, id)
      if (found === null) throw new NotFound('raw event')
      const view = { ...found, status: 'PROCESSED', reason: null } as const
      put(queries.rawEvents_, view)
      return view
    }),
    replayRawEvents: noted('replayRawEvents', async (actor, channelId, { status, reason }) => {
      if ((await queries.channel(actor.orgId, channelId)) === null) throw new NotFound('channel')
      const matched = queries.rawEvents_.filter(
        (one) => (status === undefined || one.status === status) && (reason === undefined || one.reason === reason),
      )
      return { matched: matched.length }
    }),
    reviveDeadLetter: noted('reviveDeadLetter', async (actor, id) => {
      if (!queries.deadLetters_.some((one) => one.id === id && one.orgId === actor.orgId))
        throw new NotFound('dead letter')
    }),
    reviveDeadLetters: noted('reviveDeadLetters', async (actor, { queue }) => ({
      matched: (await queries.deadLetters(actor.orgId, queue ? { queue } : {}, { limit: 100, after: null })).data
        .length,
    })),
    storeUpload: noted('storeUpload', async (actor, { body, fileName }) => {
      const pieces: Uint8Array[] = []
      for await (const piece of body) pieces.push(piece)
      return uploads.add(actor.orgId, Buffer.concat(pieces), { fileName: fileName ?? 'image.jpg' })
    }),
    deleteUpload: noted('deleteUpload', async (actor, id) => {
      if (!uploads.remove(actor.orgId, id)) throw new NotFound('attachment')
    }),
  }
  return { core, calls, accepted, webhookSecrets, state }
}

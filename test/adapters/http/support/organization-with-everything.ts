import { randomUUID } from 'node:crypto'
import type { AuditEntryId, DeadLetterId } from '../../../../src/core/ids.ts'
import {
  aChannelView,
  aCustomerView,
  aMessageView,
  aNotificationView,
  anErasureView,
  anExportView,
  anImportView,
  aRawEventView,
  aTicketView,
} from '../../../fakes/fake-views.ts'
import { PASSWORD, type TestServer } from './http-server.ts'

/** A body that each write would take. */
export const bodies: Record<string, unknown> = {
  createChannel: { type: 'INSTAGRAM', name: 'A channel', config: { pageId: '1' } },
  createApiKey: { name: 'A program', scopes: ['tickets:read'] },
  updateMember: { role: 'AGENT' },
  switchOrganization: { orgId: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d10' },
  createInvitation: { email: 'somebody-new@example.com', role: 'AGENT' },
  updateChannel: { name: 'Another name' },
  updateTicket: { status: 'RESOLVED' },
  sendMessage: { content: 'Hello' },
  setReaction: { emoji: '❤️' },
  showTyping: { on: true },
  updateNotification: { read: true },
  createAttachment: Buffer.from('the bytes of a file'),
  chooseFacebookAccount: { choice: 'a-choice-of-the-callback', account: '17841400000000000' },
  replayRawEvents: { status: 'QUARANTINED' },
  replayDeadLetters: {},
}

/** One of everything, and the ids to ask for it. */
export async function organizationWithEverything(server: TestServer) {
  const owner = await server.signUp()
  const { orgId, memberId } = owner
  const channel = aChannelView(orgId)
  const customer = aCustomerView(orgId)
  const ticket = aTicketView(orgId)
  const message = aMessageView(orgId, ticket.id, { status: 'FAILED' })
  const notification = { ...aNotificationView(orgId), memberId }
  server.queries.channels_.push(channel)
  server.queries.customers_.push(customer)
  server.queries.tickets_.push(ticket)
  server.queries.messages_.push(message)
  server.queries.notifications_.push(notification)
  const rawEvent = aRawEventView(channel.id)
  server.queries.rawEvents_.push(rawEvent)
  const deadLetterId = randomUUID() as DeadLetterId
  server.queries.deadLetters_.push({
    ...{ orgId, id: deadLetterId, queue: 'reaction', reason: 'failed', attempts: 10, deadAt: new Date() },
  })
  const upload = server.uploads.add(orgId, Buffer.from('the bytes of a file'))
  const historyImport = anImportView(channel.id)
  server.queries.imports_.push(historyImport)
  const erasure = anErasureView(customer.id)
  server.queries.erasures_.push({ ...erasure, orgId })
  const file = Buffer.from('{"version":1}')
  const customerExport = anExportView(customer.id, { state: 'READY', bytes: file.length })
  server.queries.exports_.push({ ...customerExport, orgId })
  server.queries.exportFiles_.set(customerExport.id, file)
  for (const action of ['channel.created', 'member.joined'])
    server.queries.audit_.push({
      ...{ orgId, id: randomUUID() as AuditEntryId, action, requestId: 'a-request', occurredAt: new Date() },
      ...{ actor: { type: 'MEMBER', id: memberId }, resource: { type: 'channel', id: channel.id } },
    })
  server.feed.append(orgId)
  // Somebody else: who asks stays what they are.
  const colleague = server.accounts.add({ email: `colleague-${orgId}@example.com`, password: 'a password' })
  const colleagueId = server.accounts.join(colleague.user.id, { ...colleague.org, id: orgId }, 'ADMIN')
  const elsewhere = await server.call('POST', '/auth/login', { body: { email: owner.email, password: PASSWORD } })
  const sessions = await server.call('GET', '/auth/sessions', { token: elsewhere.json.accessToken })
  const ids = {
    orgId,
    sessionId: sessions.json.data.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent).id as string,
    apiKeyId: (await server.keyOf(owner)).id,
    memberId: colleagueId,
    invitationId: server.invitations.add(orgId, { email: 'invited@example.com', role: 'AGENT' }),
    channelId: channel.id,
    customerId: customer.id,
    ticketId: ticket.id,
    messageId: message.id,
    notificationId: notification.id,
    rawEventId: rawEvent.id,
    deadLetterId,
    attachmentId: upload.id,
    importId: historyImport.id,
    erasureId: erasure.id,
    exportId: customerExport.id,
  }
  return { ...owner, ids }
}

export const pathOf = (template: string, ids: Readonly<Record<string, string>>) =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? randomUUID())

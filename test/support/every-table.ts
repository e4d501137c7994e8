import { inOrganization, type Orm, type Tx } from '../../src/adapters/persistence/transaction.ts'
import type { ChannelId, MemberId, OrgId } from '../../src/core/ids.ts'
import { ids, seedChannel, seedMember, seedOrganization } from './seed.ts'
import { seedNotification, seedThread } from './seed-inbox.ts'

type Thread = Awaited<ReturnType<typeof seedThread>>

/** An organization with a row in every table that has `org_id`, and a second one of each that others refer to, bare. */
export async function seedEveryTable(orm: Orm): Promise<OrgId> {
  const { orgId, memberId } = await seedOrganization(orm)
  const channelId = await seedChannel(orm, orgId)
  const thread = await seedThread(orm, orgId, channelId)
  await seedMember(orm, orgId)
  await inOrganization(orm, orgId, async (tx) => {
    await seedAround(tx, thread, memberId)
    await seedBare(tx, channelId, thread)
  })
  return orgId
}

async function seedAround(tx: Tx, thread: Thread, memberId: MemberId): Promise<void> {
  const { channelId, conversationId, ticketId, messageId, partId } = thread
  const { orgId } = tx
  await seedNotification(tx, { memberId, ticketId, messageId })
  const rawEventId = ids.next()
  const insert = (text: string, params: unknown[]) => tx.affected(text, params)
  await insert(`insert into channel_pauses (channel_id, org_id, until, reason) values ($1, $2, now(), 'throttled')`, [
    channelId,
    orgId,
  ])
  await insert(`insert into send_pace (org_id, channel_id, kind, next_at) values ($1, $2, 'text', now())`, [
    orgId,
    channelId,
  ])
  await insert(`insert into attachments (id, org_id, message_id, position, type) values ($1, $2, $3, 0, 'IMAGE')`, [
    ids.next(),
    orgId,
    messageId,
  ])
  await insert('insert into send_attempts (id, org_id, part_id, number, fence) values ($1, $2, $3, 1, 1)', [
    ids.next(),
    orgId,
    partId,
  ])
  await insert(`insert into send_lanes (conversation_id, org_id, channel_id, state) values ($1, $2, $3, 'IDLE')`, [
    conversationId,
    orgId,
    channelId,
  ])
  await insert(`insert into tombstones (org_id, channel_id, external_id, deleted_at) values ($1, $2, 'gone', now())`, [
    orgId,
    channelId,
  ])
  await insert(
    `insert into raw_events (id, org_id, channel_id, body, verified, received_at, status) values ($1, $2, $3, 'body', true, now(), 'QUARANTINED')`,
    [rawEventId, orgId, channelId],
  )
  await insert(`insert into quarantine (id, org_id, channel_id, raw_event_id, reason) values ($1, $2, $3, $4, 'odd')`, [
    ids.next(),
    orgId,
    channelId,
    rawEventId,
  ])
  await insert(
    `insert into early_edits (org_id, channel_id, external_id, revision, edited_at, content) values ($1, $2, 'to come', 1, now(), 'words')`,
    [orgId, channelId],
  )
  const keyId = ids.next()
  await insert(
    `insert into api_keys (id, org_id, member_id, name, hash, hint, scopes, by_channel, created_at)
     values ($1, $2, $3, 'A program', $4, 'dck_…wxyz', '{tickets:read}', true, now())`,
    [keyId, orgId, memberId, `a hash of ${keyId}`],
  )
  await insert('insert into api_key_channels (org_id, key_id, channel_id) values ($1, $2, $3)', [
    ...[orgId, keyId, channelId],
  ])
  const uploadId = ids.next()
  await insert(
    `insert into uploads (id, org_id, member_id, type, content_type, file_name, chunk_bytes, created_at, expires_at)
     values ($1, $2, $3, 'IMAGE', 'image/jpeg', 'photo.jpg', 4, now(), now())`,
    [uploadId, orgId, memberId],
  )
  await insert(`insert into upload_chunks (org_id, upload_id, position, bytes) values ($1, $2, 0, '')`, [
    orgId,
    uploadId,
  ])
  await insert(
    `insert into account_bindings (type, account, org_id, channel_id, token_issued_at) values ('INSTAGRAM', $1::uuid::text, $1, $2, now())`,
    [orgId, channelId],
  )
  await insert(
    `insert into unsubscriptions (id, org_id, channel_id, type, account, settings, sealed, requested_at)
     values ($1, $2, $3, 'INSTAGRAM', 'an account', '{}', 'sealed', now())`,
    [ids.next(), orgId, channelId],
  )
  await insert(
    `insert into connect_attempts (org_id, token_hash, member_id, session_hash, login, moves, expires_at)
     values ($1, 'hash', $2, 'hash', 'instagram', false, now())`,
    [orgId, memberId],
  )
  for (const who of ['one', 'other']) {
    await insert(
      `insert into invitations (id, org_id, email, role, invited_by, token_hash, made_at, expires_at)
       values ($1, $2, $3, 'AGENT', $4, $5, now(), now())`,
      [ids.next(), orgId, `${who}@example.com`, memberId, `hash of ${ids.next()}`],
    )
  }
  await insert(`insert into jobs (id, queue, payload) values ($1, 'reaction', '')`, [ids.next()])
  await insert(`insert into media (org_id, channel_id, media_id) values ($1, $2, 'a post')`, [orgId, channelId])
  await insert(`insert into early_reads (org_id, channel_id, external_id) values ($1, $2, 'to come')`, [
    orgId,
    channelId,
  ])
  await insert(
    `insert into reactions (org_id, channel_id, external_id, actor, name, reacted_at) values ($1, $2, 'to come', 'ann', 'love', now())`,
    [orgId, channelId],
  )
  await insert(
    `insert into own_reactions (org_id, message_id, status, revision, wanted_at) values ($1, $2, 'PENDING', 1, now())`,
    [orgId, messageId],
  )
  await insert(
    `insert into raw_event_copies (org_id, channel_id, external_id, raw_event_id) values ($1, $2, 'to come', $3)`,
    [orgId, channelId, rawEventId],
  )
  await insert(
    `insert into history_imports (id, org_id, channel_id, since, max_conversations, requested_at, updated_at)
     values ($1, $2, $3, now(), 500, now(), now())`,
    [ids.next(), orgId, channelId],
  )
  await insert(`insert into erasures (id, org_id, customer_id, requested_at) values ($1, $2, $3, now())`, [
    ids.next(),
    orgId,
    ids.next(),
  ])
  await insert(`insert into erasure_keys (id, org_id, sealed) values ($1, $2, 'sealed')`, [ids.next(), orgId])
  await insert(`insert into erasure_marks (org_id, channel_id, hash) values ($1, $2, '')`, [orgId, channelId])
  // One whose file has no piece yet and can be moved, one with a file, and one without.
  for (const at of [0, 1, 2]) {
    const exportId = ids.next()
    await insert(`insert into exports (id, org_id, customer_id, requested_at) values ($1, $2, $3, now())`, [
      ...[exportId, orgId, ids.next()],
    ])
    if (at === 2) continue
    await insert('insert into export_files (org_id, export_id, expires_at) values ($1, $2, now())', [orgId, exportId])
    if (at === 0) continue
    await insert(`insert into export_chunks (org_id, export_id, position, bytes) values ($1, $2, 0, '')`, [
      ...[orgId, exportId],
    ])
  }
  await insert(`insert into opt_ins (org_id, channel_id, external_id) values ($1, $2, 'weekly')`, [orgId, channelId])
  await insert('insert into channel_sweeps (channel_id, org_id, next_at) values ($1, $2, now())', [channelId, orgId])
  await insert('insert into channel_tokens (channel_id, org_id, set_at, next_check_at) values ($1, $2, now(), now())', [
    channelId,
    orgId,
  ])
  await insert(
    `insert into idempotency_keys (org_id, member_id, route, key, fingerprint, status, body) values ($1, $2, 'r', 'k', 'f', 201, '{}')`,
    [orgId, memberId],
  )
  await insert(
    `insert into audit_log (id, org_id, actor_type, action, resource_type) values ($1, $2, 'SYSTEM', 'seeded', 'ticket')`,
    [ids.next(), orgId],
  )
  await insert(
    `insert into event_log (org_id, type, actor_type, resource_type, resource_id) values ($1, 'ticket.created', 'SYSTEM', 'ticket', $2)`,
    [orgId, ticketId],
  )
}

/** Parents that nothing refers to yet, so that a child can be moved under them without meeting another rule first. */
async function seedBare(tx: Tx, channelId: ChannelId, { customerId, ticketId }: Thread): Promise<void> {
  const { orgId } = tx
  const conversationId = ids.next()
  const bareTicketId = ids.next()
  const messageId = ids.next()
  const insert = (text: string, params: unknown[]) => tx.affected(text, params)
  await insert(
    `insert into channels (id, org_id, type, platform, name, status, account) values ($1, $2, 'INSTAGRAM', 'INSTAGRAM', 'bare', 'ACTIVE', 'bare')`,
    [ids.next(), orgId],
  )
  await insert(
    `insert into api_keys (id, org_id, member_id, name, hash, hint, scopes, by_channel, created_at)
     select $1::uuid, $2, id, 'bare', $1::text, 'dck_…bare', '{}', false, now() from memberships where org_id = $2 limit 1`,
    [ids.next(), orgId],
  )
  await insert('insert into customers (id, org_id, channel_id, last_seen_at) values ($1, $2, $3, now())', [
    ids.next(),
    orgId,
    channelId,
  ])
  await insert(
    `insert into conversations (id, org_id, channel_id, customer_id, surface, external_key) values ($1, $2, $3, $4, 'DM', 'bare')`,
    [conversationId, orgId, channelId, customerId],
  )
  await insert(
    `insert into conversations (id, org_id, channel_id, customer_id, surface, external_key) values ($1, $2, $3, $4, 'DM', 'barer')`,
    [ids.next(), orgId, channelId, customerId],
  )
  await insert(
    `insert into tickets (id, org_id, number, channel_id, customer_id, conversation_id, platform, kind, status, last_message_at)
     values ($1, $2, 1000, $3, $4, $5, 'INSTAGRAM', 'DM', 'OPEN', now())`,
    [bareTicketId, orgId, channelId, customerId, conversationId],
  )
  await insert(
    `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, author_type, via, status, sent_at)
     values ($1, $2, $3, $4, 'INBOUND', 'TEXT', 'CUSTOMER', 'PLATFORM', 'RECEIVED', now())`,
    [messageId, orgId, ticketId, conversationId],
  )
  await insert(
    `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, author_type, via, status, sent_at)
     values ($1, $2, $3, $4, 'INBOUND', 'TEXT', 'CUSTOMER', 'PLATFORM', 'RECEIVED', now())`,
    [ids.next(), orgId, ticketId, conversationId],
  )
  await insert(
    `insert into message_parts (id, org_id, message_id, channel_id, position, status) values ($1, $2, $3, $4, 0, 'RECEIVED')`,
    [ids.next(), orgId, messageId, channelId],
  )
  await insert(
    `insert into uploads (id, org_id, type, content_type, file_name, chunk_bytes, created_at, expires_at)
     values ($1, $2, 'IMAGE', 'image/jpeg', 'bare.jpg', 4, now(), now())`,
    [ids.next(), orgId],
  )
  await insert(
    `insert into raw_events (id, org_id, channel_id, body, verified, received_at, status) values ($1, $2, $3, 'bare', true, now(), 'PROCESSED')`,
    [ids.next(), orgId, channelId],
  )
}

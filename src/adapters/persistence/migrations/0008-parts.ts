import { Migration } from '@mikro-orm/migrations'

/** Replies of several parts: each is one message on the platform, with a place in its conversation's line of its own. */
const columns = `
alter table message_parts
  -- Of our replies only. What came in is one part, whose content is the message's.
  add column kind text,
  add column content text,
  -- Quick replies, a template or a sticker.
  add column extras jsonb,
  add column conversation_id uuid,
  -- Order of sending within a conversation, over all its messages.
  add column lane_position bigint,
  add column sent_at timestamptz(3),
  add column edited_at timestamptz(3),
  add column edit_revision integer not null default 0,
  add column deleted_at timestamptz(3);
alter table message_parts add constraint message_parts_kind_check check (kind in ('TEXT', 'ATTACHMENT', 'TEMPLATE', 'STICKER')) not valid;
alter table message_parts add constraint message_parts_conversation_fkey
  foreign key (org_id, conversation_id) references conversations (org_id, id) on delete cascade not valid;

-- The part of a reply that it is; null for what came in.
alter table attachments add column part_id uuid;
alter table attachments add constraint attachments_part_fkey
  foreign key (org_id, part_id) references message_parts (org_id, id) on delete cascade not valid;
create index attachments_part on attachments (org_id, part_id) where part_id is not null;

-- Of the whole request, as a hash: tells a repeat of a clientMessageId from another message.
alter table messages add column fingerprint text;
`

/** Replies so far are one part of text each. */
const ours = `
update message_parts p set kind = 'TEXT', content = m.content, conversation_id = m.conversation_id, lane_position = m.position,
  sent_at = case when p.status in ('SENT', 'DELIVERED', 'READ') then m.sent_at end,
  edited_at = m.edited_at, edit_revision = m.edit_revision, deleted_at = m.deleted_at
from messages m where m.org_id = p.org_id and m.id = p.message_id and m.position is not null;
`

const lanes = `
create unique index message_parts_queue on message_parts (conversation_id, lane_position) where status = 'QUEUED';
-- A second one in flight is impossible, whatever the workers do.
create unique index message_parts_in_flight on message_parts (conversation_id) where status = 'SENDING';
create index message_parts_in_doubt on message_parts (org_id, conversation_id) where status in ('SENDING', 'UNKNOWN');
`

export class M0008Parts extends Migration {
  override up(): void {
    this.addSql(columns)
    this.addSql(ours)
    this.addSql(lanes)
  }
}

import { Migration } from '@mikro-orm/migrations'

const tables = `
-- On a ticket of another conversation than its own: a direct message on the ticket of the comments that led to it.
alter table messages add column elsewhere boolean not null default false,
  -- The ticket it was sent from, where another one shows it.
  add column linked_ticket_id uuid,
  add foreign key (org_id, linked_ticket_id) references tickets (org_id, id) on delete set null (linked_ticket_id);
create index messages_elsewhere on messages (org_id, conversation_id, sent_at) where elsewhere;
create index messages_guests on messages (org_id, ticket_id, sent_at) where elsewhere;
create index messages_linked on messages (org_id, linked_ticket_id, sent_at) where linked_ticket_id is not null;
-- Whether a comment was answered privately.
create index messages_answers on messages (org_id, reply_to_external_id)
  where direction = 'OUTBOUND' and audience = 'PRIVATE' and reply_to_external_id is not null;
`

export class M0019JoinedConversations extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

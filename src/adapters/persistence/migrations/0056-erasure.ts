import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Somebody's data are to go, are going, or went: ids and counts only, so that it outlives them.
create table erasures (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  customer_id uuid not null,
  state text not null default 'REQUESTED' check (state in ('REQUESTED', 'SWEEPING', 'DONE')),
  tickets integer not null default 0,
  messages integer not null default 0,
  bodies integer not null default 0,
  -- Whom and what is still to be looked for, while it is; nobody's name stands here otherwise.
  sealed text,
  requested_at timestamptz(3) not null,
  erased_at timestamptz(3),
  finished_at timestamptz(3),
  unique (org_id, id),
  unique (org_id, customer_id)
);

-- What the marks of an organization are made with: without it nobody can try which ids they stand for.
create table erasure_keys (
  id uuid primary key,
  org_id uuid not null unique references organizations on delete cascade,
  sealed text not null
);

-- Keyed hashes of the ids of erased people (with the time until which what they sent stays away) and of their messages (for ever).
create table erasure_marks (
  org_id uuid not null,
  channel_id uuid not null,
  hash bytea not null,
  until timestamptz(3),
  primary key (org_id, channel_id, hash),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

-- From the request on: no reply to them is taken or sent any more.
alter table customers add column erasing boolean not null default false;

-- Whoever takes somebody's rows away is looked at by every table that refers to them.
create index messages_conversation on messages (org_id, conversation_id);
create index message_parts_conversation on message_parts (org_id, conversation_id) where conversation_id is not null;
create index notifications_ticket on notifications (org_id, ticket_id) where ticket_id is not null;
create index tickets_previous on tickets (org_id, previous_ticket_id) where previous_ticket_id is not null;
`

const policies = ['erasures', 'erasure_keys', 'erasure_marks']
  .map(
    (table) => `
alter table ${table} enable row level security;
create policy tenant on ${table} to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on ${table} to dc_app;
`,
  )
  .join('')

export class M0056Erasure extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
  }
}

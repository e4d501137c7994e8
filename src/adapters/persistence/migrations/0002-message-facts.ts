import { Migration } from '@mikro-orm/migrations'

/** What is said of messages and conversations besides the messages themselves. */
const tables = `
-- Facts about messages that are not there yet, by the platform's id; moved into the message when it comes.
create table early_edits (
  org_id uuid not null,
  channel_id uuid not null,
  external_id text not null,
  revision integer not null,
  edited_at timestamptz(3) not null,
  content text not null,
  created_at timestamptz(3) not null default now(),
  primary key (org_id, channel_id, external_id),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index early_edits_age on early_edits (created_at);

create table early_reads (
  org_id uuid not null,
  channel_id uuid not null,
  external_id text not null,
  created_at timestamptz(3) not null default now(),
  primary key (org_id, channel_id, external_id),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index early_reads_age on early_reads (created_at);

-- The latest of each person to each message, whether the message is there or not. One that was taken back stays as a row
-- without a name, so that an older one that comes late does not bring it back.
create table reactions (
  org_id uuid not null,
  channel_id uuid not null,
  external_id text not null,
  actor text not null,
  name text,
  emoji text,
  reacted_at timestamptz(3) not null,
  primary key (org_id, channel_id, external_id, actor),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

-- Which raw bodies hold a message's words besides the one that it came in: its edits, and second copies.
create table raw_event_copies (
  org_id uuid not null,
  channel_id uuid not null,
  external_id text not null,
  raw_event_id uuid not null,
  primary key (org_id, channel_id, external_id, raw_event_id),
  foreign key (org_id, raw_event_id) references raw_events (org_id, id) on delete cascade,
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index raw_event_copies_raw on raw_event_copies (org_id, raw_event_id);

alter table conversations
  -- The customer has seen what the account wrote until then.
  add column read_until timestamptz(3),
  add column first_referral jsonb,
  add column last_referral jsonb,
  add column thread_owner jsonb;
create index messages_sent on messages (org_id, conversation_id, sent_at) where direction = 'OUTBOUND' and status = 'SENT';
`

const policies = ['early_edits', 'early_reads', 'reactions', 'raw_event_copies']
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

/** Housekeeping sees ages, nothing else. */
const system = ['early_edits', 'early_reads']
  .map(
    (table) => `
create policy system on ${table} for delete to dc_system using (true);
create policy system_read on ${table} for select to dc_system using (true);
grant select (org_id, created_at), delete on ${table} to dc_system;
`,
  )
  .join('')

export class M0002MessageFacts extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
    this.addSql(system)
  }
}

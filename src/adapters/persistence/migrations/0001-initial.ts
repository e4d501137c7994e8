import { Migration } from '@mikro-orm/migrations'

/**
 * Three classes of tables:
 *  - tenant: `org_id`, row-level security, one policy for `dc_app` bound to `app.org_id`;
 *  - tenant, read across: the same, and a policy of its own for `dc_system` with column grants (never on message content);
 *  - global: no organization (yet), for `dc_system`; `dc_app` may at most insert.
 * Foreign keys between tenant tables carry `org_id`: a plain one is checked past row-level security.
 * Status columns are text with a check: enum comparisons are not leakproof and lose their index under a policy.
 */
const tables = `
create table organizations (
  id uuid primary key,
  name text not null,
  created_at timestamptz(3) not null default now()
);

create table users (
  id uuid primary key,
  email text not null,
  name text not null,
  password_hash text not null,
  created_at timestamptz(3) not null default now()
);
create unique index users_email on users (lower(email));

create table sessions (
  id_hash text primary key,
  user_id uuid references users on delete cascade,
  data jsonb not null,
  expires_at timestamptz(3) not null
);
create index sessions_expires on sessions (expires_at);
create index sessions_user on sessions (user_id);

create table memberships (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  user_id uuid not null references users on delete cascade,
  name text not null,
  role text not null check (role in ('OWNER', 'ADMIN', 'AGENT', 'VIEWER')),
  active boolean not null default true,
  created_at timestamptz(3) not null default now(),
  unique (org_id, id),
  unique (org_id, user_id)
);
create index memberships_user on memberships (user_id);

create table channels (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  type text not null,
  platform text not null,
  name text not null,
  status text not null check (status in ('ACTIVE', 'PAUSED', 'NEEDS_REAUTH', 'DISCONNECTED')),
  account text not null,
  settings jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  version integer not null default 1,
  unique (org_id, id)
);
create unique index channels_account on channels (org_id, type, account) where status <> 'DISCONNECTED' and type <> 'API';
create index channels_list on channels (org_id, created_at desc, id desc);

create table channel_secrets (
  org_id uuid not null,
  channel_id uuid not null,
  name text not null,
  sealed text not null,
  primary key (channel_id, name),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

-- Apart from channels: counted on the webhook path, which must not wait for somebody who edits the channel.
create table channel_health (
  channel_id uuid primary key,
  org_id uuid not null,
  last_inbound_at timestamptz(3),
  last_outbound_at timestamptz(3),
  last_error text,
  last_error_at timestamptz(3),
  bad_signatures bigint not null default 0,
  unroutable bigint not null default 0,
  quarantined bigint not null default 0,
  unknown bigint not null default 0,
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

-- Sending on a channel waits until then: a paused channel, a throttled or rejected account.
create table channel_pauses (
  channel_id uuid primary key,
  org_id uuid not null,
  until timestamptz(3) not null,
  reason text not null,
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

create table customers (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  channel_id uuid not null,
  display_name text,
  created_at timestamptz(3) not null default now(),
  last_seen_at timestamptz(3) not null,
  unique (org_id, id),
  foreign key (org_id, channel_id) references channels (org_id, id)
);
create index customers_list on customers (org_id, last_seen_at desc, id desc);
create index customers_by_channel on customers (org_id, channel_id, last_seen_at desc, id desc);

create table customer_identities (
  id uuid primary key,
  org_id uuid not null,
  channel_id uuid not null,
  customer_id uuid not null,
  external_id text not null,
  username text,
  name text,
  picture_url text,
  profile_at timestamptz(3),
  unique (org_id, channel_id, external_id),
  foreign key (org_id, customer_id) references customers (org_id, id) on delete cascade,
  foreign key (org_id, channel_id) references channels (org_id, id)
);
create index customer_identities_customer on customer_identities (org_id, customer_id);

create table conversations (
  id uuid primary key,
  org_id uuid not null,
  channel_id uuid not null,
  customer_id uuid not null,
  surface text not null check (surface in ('DM', 'COMMENT', 'MENTION')),
  external_key text not null,
  -- The latest event that opened the reply window, by the platform's time; only moves forward.
  window_opened_at timestamptz(3),
  window_reason text,
  last_inbound_at timestamptz(3),
  unique (org_id, id),
  unique (org_id, channel_id, surface, external_key),
  foreign key (org_id, channel_id) references channels (org_id, id),
  foreign key (org_id, customer_id) references customers (org_id, id) on delete cascade
);
create index conversations_customer on conversations (org_id, customer_id);

create table ticket_counters (
  org_id uuid primary key references organizations on delete cascade,
  last_number bigint not null default 0
);

create table tickets (
  id uuid primary key,
  org_id uuid not null,
  number bigint not null,
  channel_id uuid not null,
  customer_id uuid not null,
  conversation_id uuid not null,
  platform text not null,
  kind text not null check (kind in ('DM', 'COMMENT', 'MENTION')),
  status text not null check (status in ('OPEN', 'PENDING', 'SNOOZED', 'RESOLVED')),
  assignee_id uuid,
  context jsonb,
  unread_count integer not null default 0,
  last_message_at timestamptz(3) not null,
  last_message_preview text,
  resolved_at timestamptz(3),
  previous_ticket_id uuid,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  version integer not null default 1,
  unique (org_id, id),
  unique (org_id, number),
  foreign key (org_id, channel_id) references channels (org_id, id),
  foreign key (org_id, customer_id) references customers (org_id, id) on delete cascade,
  foreign key (org_id, conversation_id) references conversations (org_id, id) on delete cascade,
  foreign key (org_id, assignee_id) references memberships (org_id, id) on delete set null (assignee_id),
  foreign key (org_id, previous_ticket_id) references tickets (org_id, id) on delete set null (previous_ticket_id)
);
create unique index tickets_open on tickets (org_id, conversation_id) where status <> 'RESOLVED';
create index tickets_conversation on tickets (org_id, conversation_id, number desc);
create index tickets_list on tickets (org_id, last_message_at desc, id desc);
create index tickets_by_status on tickets (org_id, status, last_message_at desc, id desc);
create index tickets_by_channel on tickets (org_id, channel_id, last_message_at desc, id desc);
create index tickets_by_customer on tickets (org_id, customer_id, last_message_at desc, id desc);

create table messages (
  id uuid primary key,
  org_id uuid not null,
  ticket_id uuid not null,
  conversation_id uuid not null,
  direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
  kind text not null check (kind in ('TEXT', 'MEDIA', 'STORY_REPLY', 'STORY_MENTION', 'QUICK_REPLY', 'POSTBACK', 'COMMENT', 'UNSUPPORTED')),
  content text,
  context jsonb,
  author_type text not null check (author_type in ('CUSTOMER', 'MEMBER', 'EXTERNAL', 'SYSTEM')),
  author_member_id uuid,
  via text not null,
  -- Derived from its parts.
  status text not null check (status in ('RECEIVED', 'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'UNKNOWN')),
  failure jsonb,
  -- The first part's, repeated here: messages are listed by (sent_at, external_id), bytewise on every server.
  external_id text collate "C",
  reply_to_external_id text,
  client_message_id uuid,
  request_id text,
  verified boolean not null default true,
  -- Order of the 201s within a conversation; null for what came in.
  position bigint,
  edit_revision integer not null default 0,
  sent_at timestamptz(3) not null,
  created_at timestamptz(3) not null default now(),
  edited_at timestamptz(3),
  deleted_at timestamptz(3),
  unique (org_id, id),
  foreign key (org_id, ticket_id) references tickets (org_id, id) on delete cascade,
  foreign key (org_id, conversation_id) references conversations (org_id, id) on delete cascade,
  foreign key (org_id, author_member_id) references memberships (org_id, id) on delete set null (author_member_id)
);
create index messages_list on messages (org_id, ticket_id, sent_at, external_id, id);
create unique index messages_client_id on messages (org_id, ticket_id, client_message_id) where client_message_id is not null;
create unique index messages_queue on messages (conversation_id, position) where status = 'QUEUED';
-- A second one in flight is impossible, whatever the workers do.
create unique index messages_in_flight on messages (conversation_id) where status = 'SENDING';
create index messages_in_doubt on messages (org_id, conversation_id) where status in ('SENDING', 'UNKNOWN');
create index messages_outbound on messages (org_id, ticket_id, sent_at, external_id) where direction = 'OUTBOUND';

create table message_parts (
  id uuid primary key,
  org_id uuid not null,
  message_id uuid not null,
  channel_id uuid not null,
  position integer not null,
  external_id text,
  -- Set while an echo that came before the send's answer was taken for ours by its text.
  provisional boolean not null default false,
  status text not null check (status in ('RECEIVED', 'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'UNKNOWN')),
  failure jsonb,
  raw_event_id uuid,
  unique (org_id, id),
  unique (message_id, position),
  foreign key (org_id, message_id) references messages (org_id, id) on delete cascade,
  foreign key (org_id, channel_id) references channels (org_id, id)
);
create unique index message_parts_external on message_parts (org_id, channel_id, external_id) where external_id is not null;
create index message_parts_raw on message_parts (org_id, raw_event_id) where raw_event_id is not null;

create table attachments (
  id uuid primary key,
  org_id uuid not null,
  message_id uuid not null,
  position integer not null,
  type text not null check (type in ('IMAGE', 'VIDEO', 'AUDIO', 'FILE', 'SHARE', 'OTHER')),
  url text,
  title text,
  platform_type text,
  unique (message_id, position),
  foreign key (org_id, message_id) references messages (org_id, id) on delete cascade
);

create table send_attempts (
  id uuid primary key,
  org_id uuid not null,
  part_id uuid not null,
  number integer not null,
  fence bigint not null,
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  outcome text check (outcome in ('SENT', 'FAILED', 'RETRY', 'UNKNOWN')),
  detail text,
  unique (part_id, number),
  foreign key (org_id, part_id) references message_parts (org_id, id) on delete cascade
);

-- One row a conversation that has ever sent: who may send for it now.
create table send_lanes (
  conversation_id uuid primary key,
  org_id uuid not null,
  channel_id uuid not null,
  state text not null check (state in ('IDLE', 'READY', 'BUSY', 'HELD')),
  next_position bigint not null default 1,
  not_before timestamptz(3) not null default now(),
  lease_until timestamptz(3),
  fence bigint not null default 0,
  foreign key (org_id, conversation_id) references conversations (org_id, id) on delete cascade,
  foreign key (org_id, channel_id) references channels (org_id, id)
);
create index send_lanes_ready on send_lanes (not_before, conversation_id) where state = 'READY';
create index send_lanes_busy on send_lanes (lease_until) where state in ('BUSY', 'HELD');

-- Outlives what it stands for, so that a late or replayed original stays deleted.
create table tombstones (
  org_id uuid not null,
  channel_id uuid not null,
  external_id text not null,
  deleted_at timestamptz(3) not null,
  primary key (org_id, channel_id, external_id),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

create table notifications (
  id uuid primary key,
  org_id uuid not null,
  member_id uuid not null,
  type text not null check (type in ('TICKET_NEW_UNASSIGNED', 'CUSTOMER_REPLIED')),
  ticket_id uuid not null,
  message_id uuid not null,
  read_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  unique (org_id, message_id, member_id),
  foreign key (org_id, member_id) references memberships (org_id, id) on delete cascade,
  foreign key (org_id, ticket_id) references tickets (org_id, id) on delete cascade,
  foreign key (org_id, message_id) references messages (org_id, id) on delete cascade
);
create index notifications_list on notifications (org_id, member_id, created_at desc, id desc);
create index notifications_unread on notifications (org_id, member_id, created_at desc, id desc) where read_at is null;

-- A body as it came, from the moment it is split by account.
create table raw_events (
  id uuid not null,
  org_id uuid not null,
  channel_id uuid not null,
  body bytea not null,
  verified boolean not null,
  request_id text,
  received_at timestamptz(3) not null,
  processed_at timestamptz(3) not null default now(),
  status text not null check (status in ('PROCESSED', 'QUARANTINED')),
  primary key (org_id, id),
  foreign key (org_id, channel_id) references channels (org_id, id)
);
create index raw_events_channel on raw_events (org_id, channel_id, received_at desc, id desc);
create index raw_events_received on raw_events (received_at);

create table quarantine (
  id uuid primary key,
  org_id uuid not null,
  channel_id uuid not null,
  raw_event_id uuid not null,
  reason text not null,
  detail text,
  created_at timestamptz(3) not null default now(),
  foreign key (org_id, raw_event_id) references raw_events (org_id, id) on delete cascade,
  foreign key (org_id, channel_id) references channels (org_id, id)
);
create index quarantine_channel on quarantine (org_id, channel_id, created_at desc);

-- Queue of the embedded profile, spool behind the broker, and the internal jobs of both.
create table jobs (
  id uuid primary key,
  queue text not null,
  -- Jobs of one group are handed out together: the organization and channel of a webhook.
  grouping text not null default '',
  run_at timestamptz not null default now(),
  state text not null default 'READY' check (state in ('READY', 'ACTIVE', 'DEAD')),
  attempt integer not null default 0,
  lease_until timestamptz,
  reason text,
  dead_at timestamptz,
  meta jsonb not null default '{}',
  payload bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index jobs_ready on jobs (queue, run_at, id) where state = 'READY';
create index jobs_active on jobs (lease_until) where state = 'ACTIVE';

create table event_log (
  -- The order of writing; not for readers, since it counts every organization's events.
  id bigint generated always as identity primary key,
  public_id uuid not null default gen_random_uuid(),
  org_id uuid not null references organizations on delete cascade,
  -- Given by the relay after commit: per organization, ascending, without gaps.
  seq bigint,
  type text not null,
  -- Seen by this member only.
  recipient_id uuid,
  actor_type text not null check (actor_type in ('CUSTOMER', 'MEMBER', 'EXTERNAL', 'SYSTEM')),
  actor_id uuid,
  resource_type text not null,
  resource_id uuid not null,
  ticket_id uuid,
  data jsonb not null default '{}',
  request_id text,
  occurred_at timestamptz(3) not null default now()
);
create index event_log_unnumbered on event_log (id) where seq is null;
create unique index event_log_numbered on event_log (org_id, seq) where seq is not null;

create table event_counters (
  org_id uuid primary key references organizations on delete cascade,
  last_seq bigint not null default 0
);

create table idempotency_keys (
  org_id uuid not null,
  member_id uuid not null,
  route text not null,
  key text not null,
  fingerprint text not null,
  status integer not null,
  body jsonb not null,
  created_at timestamptz(3) not null default now(),
  primary key (org_id, member_id, route, key),
  foreign key (org_id, member_id) references memberships (org_id, id) on delete cascade
);
create index idempotency_keys_age on idempotency_keys (created_at);

create table audit_log (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  actor_type text not null,
  actor_id uuid,
  action text not null,
  resource_type text not null,
  resource_id uuid,
  request_id text,
  at timestamptz(3) not null default now()
);
create index audit_log_list on audit_log (org_id, at desc, id desc);
`

const TENANT = [
  'memberships',
  'channels',
  'channel_secrets',
  'channel_health',
  'channel_pauses',
  'customers',
  'customer_identities',
  'conversations',
  'ticket_counters',
  'tickets',
  'messages',
  'message_parts',
  'attachments',
  'send_attempts',
  'send_lanes',
  'tombstones',
  'notifications',
  'raw_events',
  'quarantine',
  'event_log',
  'event_counters',
  'idempotency_keys',
  'audit_log',
]

const policies = TENANT.map(
  (table) => `
alter table ${table} enable row level security;
create policy tenant on ${table} to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on ${table} to dc_app;
`,
).join('')

/** What has no organization yet, or must look across: explicit policies and column grants, none on message content. */
const system = `
alter table organizations enable row level security;
create policy tenant on organizations to dc_app using (id = nullif(current_setting('app.org_id', true), '')::uuid);
create policy system on organizations to dc_system using (true) with check (true);
grant select, update on organizations to dc_app;
grant select, insert on organizations to dc_system;

grant select, insert, update on users to dc_system;
grant select, insert, update, delete on sessions to dc_system;

create policy system on memberships to dc_system using (true) with check (true);
grant select, insert, update on memberships to dc_system;
create policy system on ticket_counters for insert to dc_system with check (true);
grant insert on ticket_counters to dc_system;
create policy system on event_counters to dc_system using (true) with check (true);
grant select, insert, update on event_counters to dc_system;
create policy system on audit_log for insert to dc_system with check (true);
grant insert on audit_log to dc_system;

create policy system on channels for select to dc_system using (true);
grant select on channels to dc_system;
create policy system on channel_secrets for select to dc_system using (true);
grant select on channel_secrets to dc_system;
create policy system on channel_health to dc_system using (true);
grant select, update (bad_signatures, unroutable, quarantined, unknown, last_inbound_at) on channel_health to dc_system;
create policy system on channel_pauses for select to dc_system using (true);
grant select on channel_pauses to dc_system;

create policy system on event_log to dc_system using (true);
grant select (id, org_id, seq, type, resource_type, resource_id, ticket_id, occurred_at) on event_log to dc_system;
grant update (seq) on event_log to dc_system;

create policy system on send_lanes to dc_system using (true);
grant select on send_lanes to dc_system;
grant update (state, not_before, lease_until, fence) on send_lanes to dc_system;

create policy system on raw_events for delete to dc_system using (true);
create policy system_read on raw_events for select to dc_system using (true);
grant select (id, org_id, received_at), delete on raw_events to dc_system;
create policy system on idempotency_keys for delete to dc_system using (true);
create policy system_read on idempotency_keys for select to dc_system using (true);
grant select (org_id, created_at), delete on idempotency_keys to dc_system;

grant select, insert, update, delete on jobs to dc_system;
grant insert on jobs to dc_app;
`

export class M0001Initial extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
    this.addSql(system)
  }
}

import { Migration } from '@mikro-orm/migrations'

/** What sending waits for besides its own turn, and what becomes of a reply whose fate is unclear. */
const tables = `
-- A network's limit for a whole app concerns channels of every organization: a table without organizations, which says
-- no more than "this app waits".
create table app_pauses (
  app text primary key,
  until timestamptz(3) not null,
  reason text not null
);

-- When an account's next call of a kind may begin. One row each, so that accounts never wait for each other.
create table send_pace (
  org_id uuid not null,
  channel_id uuid not null,
  kind text not null,
  next_at timestamptz not null,
  primary key (org_id, channel_id, kind),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);

-- The app that an account is called through; null where the network has no such limit.
alter table channels add column app text;
update channels set app = 'INSTAGRAM ' || coalesce(settings ->> 'login', 'instagram') where type = 'INSTAGRAM';

-- The turn that a lane was given by send_pace when it came too early.
alter table send_lanes add column turn_at timestamptz;

alter table send_attempts add column platform_code text;

-- A reply that somebody sent again, knowing that the first may have arrived: once each.
alter table messages add column resend_of uuid,
  add foreign key (org_id, resend_of) references messages (org_id, id) on delete set null (resend_of);
create unique index messages_resend_of on messages (org_id, resend_of) where resend_of is not null;
`

/** Checked again as a whole only once it is there: an older program goes on meanwhile. */
const notifications = `
alter table notifications
  alter column ticket_id drop not null,
  alter column message_id drop not null,
  add column channel_id uuid,
  add foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade,
  add constraint notifications_about check (num_nonnulls(ticket_id, channel_id) > 0) not valid,
  drop constraint notifications_type_check;
alter table notifications add constraint notifications_type_check
  check (type in ('TICKET_NEW_UNASSIGNED', 'CUSTOMER_REPLIED') or type like 'CHANNEL\\_%') not valid;
`

const policies = `
alter table send_pace enable row level security;
create policy tenant on send_pace to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on send_pace to dc_app;

grant select on app_pauses to dc_app;
grant select, insert, update, delete on app_pauses to dc_system;
`

export class M0010Doubt extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(notifications)
    this.addSql(policies)
  }
}

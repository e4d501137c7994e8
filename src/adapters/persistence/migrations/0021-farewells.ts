import { Migration } from '@mikro-orm/migrations'

const granted = `
-- The person who let the installation speak for the account, as the platform calls them; null where it names the account itself.
alter table account_bindings add column granted_by text;
create index account_bindings_granted_by on account_bindings (type, granted_by) where granted_by is not null;
grant select (granted_by) on account_bindings to dc_system;
`

const unsubscriptions = `
-- Accounts whose channel is gone, and whose events the platform is still to be told to keep: with the credentials for that one
-- call, which go with the row.
create table unsubscriptions (
  id uuid primary key,
  org_id uuid not null,
  channel_id uuid not null,
  type text not null,
  account text not null,
  settings jsonb not null,
  sealed text not null,
  requested_at timestamptz(3) not null,
  -- Since then the platform may have done it, whatever it answered.
  asked_at timestamptz(3),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index unsubscriptions_channel on unsubscriptions (org_id, channel_id);
alter table unsubscriptions enable row level security;
create policy tenant on unsubscriptions to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on unsubscriptions to dc_app;
`

export class M0021Farewells extends Migration {
  override up(): void {
    this.addSql(granted)
    this.addSql(unsubscriptions)
  }
}

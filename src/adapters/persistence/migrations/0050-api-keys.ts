import { Migration } from '@mikro-orm/migrations'

const tables = `
-- What programs carry instead of a session, as SHA-256. A key acts as the member who made it.
create table api_keys (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  member_id uuid not null,
  name text not null,
  hash text not null unique,
  -- Its beginning and its last characters, to tell keys apart by.
  hint text not null,
  scopes text[] not null,
  -- Whether it sees the channels in api_key_channels alone: also where none of them is left.
  by_channel boolean not null,
  allowed_cidrs text[],
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3),
  created_at timestamptz(3) not null,
  unique (org_id, id),
  foreign key (org_id, member_id) references memberships (org_id, id) on delete cascade
);
create index api_keys_list on api_keys (org_id, created_at desc, id desc);
create index api_keys_member on api_keys (org_id, member_id);

create table api_key_channels (
  org_id uuid not null,
  key_id uuid not null,
  channel_id uuid not null,
  primary key (org_id, key_id, channel_id),
  foreign key (org_id, key_id) references api_keys (org_id, id) on delete cascade,
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index api_key_channels_channel on api_key_channels (org_id, channel_id);
`

const policies = ['api_keys', 'api_key_channels']
  .map(
    (table) => `
alter table ${table} enable row level security;
create policy tenant on ${table} to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
create policy system on ${table} to dc_system using (true);
grant select, insert on ${table} to dc_app;
grant select on ${table} to dc_system;
`,
  )
  .join('')

/** Whose key it is has to be known before there is an organization; nobody gives a key more than it was made with. */
const grants = `
grant update (revoked_at) on api_keys to dc_app;
grant update (last_used_at) on api_keys to dc_system;
`

export class M0050ApiKeys extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
    this.addSql(grants)
  }
}

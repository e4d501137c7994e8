import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Written before the account was connected, or too long ago to be news.
alter table messages add column historical boolean not null default false;

-- Reading what was written before. One at a time for a channel; where it is, so that it goes on there.
create table history_imports (
  id uuid primary key,
  org_id uuid not null,
  channel_id uuid not null,
  state text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'FAILED')),
  -- Conversations whose newest message is older are left out, and all after so many.
  since timestamptz(3) not null,
  max_conversations integer not null,
  cursor text,
  conversations integer not null default 0,
  checked integer not null default 0,
  imported integer not null default 0,
  failure_code text,
  failure_detail text,
  requested_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  finished_at timestamptz(3),
  unique (org_id, id),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create unique index history_imports_running on history_imports (org_id, channel_id) where state = 'RUNNING';
create index history_imports_channel on history_imports (org_id, channel_id, requested_at);

-- The search for what was never delivered.
create table channel_sweeps (
  channel_id uuid primary key,
  org_id uuid not null,
  next_at timestamptz(3) not null,
  last_sweep_at timestamptz(3),
  checked integer not null default 0,
  found integer not null default 0,
  last_found_at timestamptz(3),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index channel_sweeps_next on channel_sweeps (next_at);

-- When the platform may be asked next for an account, whichever organization, channel or process asks.
create table account_paces (
  platform text not null,
  account text not null,
  next_call_at timestamptz(3) not null,
  primary key (platform, account)
);
`

const policies =
  ['history_imports', 'channel_sweeps']
    .map(
      (table) => `
alter table ${table} enable row level security;
create policy tenant on ${table} to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on ${table} to dc_app;
`,
    )
    .join('') +
  `
create policy system on channel_sweeps to dc_system using (true) with check (true);
grant select (channel_id, org_id, next_at), insert (channel_id, org_id, next_at), update (next_at) on channel_sweeps to dc_system;
grant select, insert, update, delete on account_paces to dc_system;
`

export class M0012History extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
  }
}

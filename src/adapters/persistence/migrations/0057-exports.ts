import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Somebody's data are to be written into one file, are being written, or were: ids and counts only, so that it outlives them.
create table exports (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  customer_id uuid not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'READY', 'FAILED')),
  -- Whoever writes has the newest turn; a higher one begins anew.
  turn integer not null default 0,
  tickets integer not null default 0,
  messages integer not null default 0,
  bytes integer not null default 0,
  failure text,
  requested_at timestamptz(3) not null,
  finished_at timestamptz(3),
  expires_at timestamptz(3),
  unique (org_id, id)
);
create unique index exports_running on exports (org_id, customer_id) where state = 'PENDING';
create index exports_customer on exports (org_id, customer_id);

-- The file itself, which goes before its receipt does.
create table export_files (
  org_id uuid not null,
  export_id uuid not null,
  expires_at timestamptz(3) not null,
  primary key (org_id, export_id),
  foreign key (org_id, export_id) references exports (org_id, id) on delete cascade
);
create index export_files_expiry on export_files (expires_at);

-- In pieces, so that neither writing nor reading one holds a whole file in memory.
create table export_chunks (
  org_id uuid not null,
  export_id uuid not null,
  position integer not null check (position >= 0),
  bytes bytea not null,
  primary key (org_id, export_id, position),
  foreign key (org_id, export_id) references export_files (org_id, export_id) on delete cascade
);
`

const policies = ['exports', 'export_files', 'export_chunks']
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

/** Housekeeping finds them by their time alone; their pieces go with them. */
const system = `
create policy system on export_files for delete to dc_system using (true);
create policy system_read on export_files for select to dc_system using (true);
grant select (org_id, export_id, expires_at), delete on export_files to dc_system;
`

export class M0057Exports extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
    this.addSql(system)
  }
}

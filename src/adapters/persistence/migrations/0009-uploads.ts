import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Files that members gave us to send, for a while: platforms fetch them from us.
create table uploads (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  member_id uuid,
  type text not null check (type in ('IMAGE', 'VIDEO', 'AUDIO', 'FILE')),
  content_type text not null,
  file_name text not null,
  bytes integer not null default 0,
  -- The size of each piece but the last, so that a later program can choose another.
  chunk_bytes integer not null check (chunk_bytes > 0),
  created_at timestamptz(3) not null,
  -- Null while it is still coming in: nobody sees it.
  finished_at timestamptz(3),
  expires_at timestamptz(3) not null,
  unique (org_id, id),
  foreign key (org_id, member_id) references memberships (org_id, id) on delete set null (member_id)
);
create index uploads_expiry on uploads (expires_at);

-- In pieces, so that neither writing nor reading one holds a whole file in memory.
create table upload_chunks (
  org_id uuid not null,
  upload_id uuid not null,
  position integer not null check (position >= 0),
  bytes bytea not null,
  primary key (org_id, upload_id, position),
  foreign key (org_id, upload_id) references uploads (org_id, id) on delete cascade
);
-- What a reply carries; the file may be gone before the reply is.
alter table attachments add column upload_id uuid;
alter table attachments add constraint attachments_upload_fkey
  foreign key (org_id, upload_id) references uploads (org_id, id) on delete set null (upload_id) not valid;
create index attachments_upload on attachments (org_id, upload_id) where upload_id is not null;

-- Pictures, sound and video are compressed already.
alter table upload_chunks alter column bytes set storage external;
`

const policies = ['uploads', 'upload_chunks']
  .map(
    (table) => `
alter table ${table} enable row level security;
create policy tenant on ${table} to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on ${table} to dc_app;`,
  )
  .join('\n')

/** Housekeeping finds them by their time alone; their pieces go with them. */
const system = `
create policy system on uploads for delete to dc_system using (true);
create policy system_read on uploads for select to dc_system using (true);
grant select (org_id, id, expires_at), delete on uploads to dc_system;
`

export class M0009Uploads extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
    this.addSql(system)
  }
}

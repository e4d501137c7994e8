import { Migration } from '@mikro-orm/migrations'

/** One for an address of an organization: another takes its place. What is kept of its link opens nothing. */
const invitations = `
create table invitations (
  id uuid primary key,
  org_id uuid not null references organizations on delete cascade,
  email text not null,
  role text not null check (role in ('OWNER', 'ADMIN', 'AGENT', 'VIEWER')),
  invited_by uuid not null,
  token_hash text not null unique,
  made_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  foreign key (org_id, invited_by) references memberships (org_id, id) on delete cascade
);
create unique index invitations_address on invitations (org_id, lower(email));
create index invitations_list on invitations (org_id, made_at desc, id desc);

alter table invitations enable row level security;
create policy tenant on invitations to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on invitations to dc_app;
-- Whoever comes with a token belongs nowhere yet. That they have joined is told in the same transaction.
create policy system on invitations to dc_system using (true);
grant select, delete on invitations to dc_system;
grant insert on event_log to dc_system;
`

export class M0047Invitations extends Migration {
  override up(): void {
    this.addSql(invitations)
  }
}

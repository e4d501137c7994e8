import { Migration } from '@mikro-orm/migrations'

const tables = `
-- The opt-ins that events have told of: one that is delivered again tells nothing.
create table opt_ins (
  org_id uuid not null,
  channel_id uuid not null,
  external_id text not null,
  primary key (org_id, channel_id, external_id),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
`

const policies = `
alter table opt_ins enable row level security;
create policy tenant on opt_ins to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on opt_ins to dc_app;
`

export class M0017OptIns extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
  }
}

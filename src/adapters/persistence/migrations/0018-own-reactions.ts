import { Migration } from '@mikro-orm/migrations'

const tables = `
-- What an agent last wanted the account's reaction to a message to be. What the customer sees is in reactions.
create table own_reactions (
  org_id uuid not null,
  message_id uuid not null,
  -- Null: none.
  emoji text,
  status text not null check (status in ('PENDING', 'SENT', 'FAILED')),
  failure jsonb,
  member_id uuid,
  -- Grows with every change, so that a late answer to an earlier one settles nothing.
  revision integer not null,
  wanted_at timestamptz(3) not null,
  request_id text,
  primary key (org_id, message_id),
  foreign key (org_id, message_id) references messages (org_id, id) on delete cascade,
  foreign key (org_id, member_id) references memberships (org_id, id) on delete set null (member_id)
);

-- Who reacted for the account, through us.
alter table reactions add column member_id uuid,
  add foreign key (org_id, member_id) references memberships (org_id, id) on delete set null (member_id);

alter table own_reactions enable row level security;
create policy tenant on own_reactions to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on own_reactions to dc_app;
`

export class M0018OwnReactions extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

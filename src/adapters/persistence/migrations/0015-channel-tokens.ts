import { Migration } from '@mikro-orm/migrations'

const tables = `
-- How old a channel's access token is: apart from channels, so that no other change of the row makes it look new.
create table channel_tokens (
  channel_id uuid primary key,
  org_id uuid not null,
  set_at timestamptz(3) not null,
  -- Null where nobody knows, or there is none.
  expires_at timestamptz(3),
  next_check_at timestamptz(3) not null,
  -- The last alert was for so many days before the end.
  alerted_days smallint,
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index channel_tokens_next on channel_tokens (next_check_at);

-- Where nobody noted when the token came, it may be as old as the channel.
insert into channel_tokens (channel_id, org_id, set_at, expires_at, next_check_at)
select c.id, c.org_id, coalesce(b.token_issued_at, c.created_at), b.token_expires_at, now() + random() * interval '1 day'
from channels c left join account_bindings b on b.org_id = c.org_id and b.channel_id = c.id
where c.status <> 'DISCONNECTED' and exists (
  select from channel_secrets s where s.org_id = c.org_id and s.channel_id = c.id and s.name = 'accessToken');
`

const policies = `
alter table channel_tokens enable row level security;
create policy tenant on channel_tokens to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on channel_tokens to dc_app;
create policy system on channel_tokens to dc_system using (true) with check (true);
grant select (channel_id, org_id, next_check_at), update (next_check_at) on channel_tokens to dc_system;
`

export class M0015ChannelTokens extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
  }
}

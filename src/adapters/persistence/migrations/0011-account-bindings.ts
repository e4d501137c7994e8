import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Whose account it is: a channel takes part in the webhook of the whole app by this alone.
create table account_bindings (
  type text not null,
  account text not null,
  org_id uuid not null,
  channel_id uuid not null unique,
  -- Another id of the same account, which its webhooks may carry as well.
  alias text,
  token_issued_at timestamptz(3) not null,
  token_expires_at timestamptz(3),
  bound_at timestamptz(3) not null default now(),
  -- Across all organizations: unique indexes see past row-level security.
  primary key (type, account),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create unique index account_bindings_alias on account_bindings (type, alias) where alias is not null;

-- A login under way, for ten minutes. With accounts to choose from once the person has logged in.
create table connect_attempts (
  org_id uuid not null references organizations on delete cascade,
  token_hash text not null,
  member_id uuid not null,
  session_hash text not null,
  login text not null,
  moves boolean not null,
  sealed text,
  expires_at timestamptz(3) not null,
  primary key (org_id, token_hash),
  foreign key (org_id, member_id) references memberships (org_id, id) on delete cascade
);
`

const policies = ['account_bindings', 'connect_attempts']
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

const system = `
create policy system on account_bindings for select to dc_system using (true);
grant select (type, account, alias, org_id, channel_id) on account_bindings to dc_system;
`

/**
 * The one thing that an organization does to another: it takes over an account whose owner has just logged in for it. Runs as
 * the tables' owner, past their policies, so it looks at the organization itself and tells nothing of the other one.
 */
const move = `
create function take_account_over(wanted_type text, wanted_account text) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  mover uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  before record;
begin
  if mover is null then
    raise exception 'an account is taken over for an organization';
  end if;
  delete from account_bindings where type = wanted_type and account = wanted_account and org_id <> mover
    returning org_id, channel_id into before;
  if not found then
    return;
  end if;
  update channels set status = 'DISCONNECTED', updated_at = now(), version = version + 1
    where org_id = before.org_id and id = before.channel_id;
  delete from channel_secrets where org_id = before.org_id and channel_id = before.channel_id;
  delete from channel_pauses where org_id = before.org_id and channel_id = before.channel_id;
  insert into audit_log (id, org_id, actor_type, action, resource_type, resource_id)
    values (gen_random_uuid(), before.org_id, 'SYSTEM', 'channel.moved_away', 'channel', before.channel_id);
end
$$;
revoke all on function take_account_over(text, text) from public;
grant execute on function take_account_over(text, text) to dc_app;
`

export class M0011AccountBindings extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(policies)
    this.addSql(system)
    this.addSql(move)
  }
}

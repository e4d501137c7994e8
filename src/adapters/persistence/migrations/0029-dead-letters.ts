import { Migration } from '@mikro-orm/migrations'

const owned = `
-- Whose job it is, so that an organization's administrators see theirs when it is dead. Filled in by the transaction that
-- enqueues it, also one of a version that does not know the column; null for webhook bodies on their way and for what is
-- the installation's.
alter table jobs add column org_id uuid default nullif(current_setting('app.org_id', true), '')::uuid;
create index jobs_dead on jobs (org_id, dead_at desc, id desc) where state = 'DEAD';
`

/** What is in the table now: its organization is in its payload, which is JSON of ours. */
const known = `
update jobs set org_id = substring(convert_from(payload, 'UTF8') from '"orgId": ?"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')::uuid
where queue in ('profile-lookup', 'media-lookup', 'mention-lookup', 'message-lookup', 'raw-event-replay', 'history-import',
  'history-sweep', 'token-refresh', 'unsubscribe', 'doubt-check', 'reaction')
`

/** Ids, states and times of its own jobs, never a payload; and only what is dead can be changed: made to run again. */
const bound = `
alter table jobs enable row level security;
create policy system on jobs to dc_system using (true) with check (true);
create policy tenant_read on jobs for select to dc_app using (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
create policy tenant_enqueue on jobs for insert to dc_app
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
create policy tenant_revive on jobs for update to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid and state = 'DEAD')
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select (id, org_id, queue, state, attempt, reason, dead_at) on jobs to dc_app;
grant update (state, attempt, run_at, reason, dead_at, lease_until) on jobs to dc_app;
`

export class M0029DeadLetters extends Migration {
  override up(): void {
    this.addSql(owned)
    this.addSql(known)
    this.addSql(bound)
  }
}

import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Entries of a whole app's webhook whose account no channel is bound to: nobody's, so without an organization and for the
-- system role alone. They go to the channel that is bound to the account, or with their time.
create table unclaimed_entries (
  id uuid primary key,
  type text not null,
  account text not null,
  -- Of the entry as it came, so that a repeat is known also after words were taken out.
  hash bytea not null,
  body bytea not null,
  request_id text not null,
  received_at timestamptz(3) not null,
  -- The messages whose words it holds, and those that it takes back.
  worded text[] not null,
  taken_back text[] not null,
  unique (type, account, hash)
);
create index unclaimed_entries_order on unclaimed_entries (type, account, received_at, id);
create index unclaimed_entries_age on unclaimed_entries (received_at);
grant select, insert, update (body), delete on unclaimed_entries to dc_system;
`

export class M0024UnclaimedEntries extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

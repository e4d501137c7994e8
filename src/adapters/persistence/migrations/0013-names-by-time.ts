import { Migration } from '@mikro-orm/migrations'

const tables = `
-- A comment tells a username only, another event a name only: each is as new as its own time. \`profile_at\` is when the
-- platform was last asked.
alter table customer_identities add column username_at timestamptz(3), add column name_at timestamptz(3);
update customer_identities set username_at = profile_at where username is not null;
update customer_identities set name_at = profile_at where name is not null;

-- Whether the customer has ever given a sign of life; until then \`last_seen_at\` is when others had to do with them.
alter table customers add column seen boolean not null default true;
`

export class M0013NamesByTime extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

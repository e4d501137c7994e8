import { Migration } from '@mikro-orm/migrations'

const columns = `
-- Since when the platform has yet to be told to deliver the account's events; null once it was, and for those bound before this.
alter table account_bindings add column subscribe_since timestamptz(3);
-- What the channel's token may not do and should; null where nobody knows.
alter table channel_tokens add column missing_permissions text[];
`

export class M0025Connections extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}

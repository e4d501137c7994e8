import { Migration } from '@mikro-orm/migrations'

const tables = `
-- When readers were told that nobody knows whether it arrived: once, however often it is looked for.
alter table message_parts add column unconfirmed_at timestamptz(3);
`

export class M0020Unconfirmed extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

import { Migration } from '@mikro-orm/migrations'

const tables = `
-- When a story is over, by the time at which it was posted; null for what stays.
alter table media add column expires_at timestamptz(3);
`

export class M0016StoryTimes extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

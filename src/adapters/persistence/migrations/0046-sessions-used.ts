import { Migration } from '@mikro-orm/migrations'

/** When somebody last came with it. Those that are there count as used now: a new version signs nobody out. */
const used = `
alter table sessions add column used_at timestamptz(3) default now();
alter table sessions alter column used_at drop default;
`

export class M0046SessionsUsed extends Migration {
  override up(): void {
    this.addSql(used)
  }
}

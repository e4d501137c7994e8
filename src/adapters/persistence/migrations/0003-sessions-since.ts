import { Migration } from '@mikro-orm/migrations'

/** A new password ends sessions in whatever store they are, also in one that is away at that moment. */
const columns = `
alter table users add column sessions_since timestamptz(3);
`

export class M0003SessionsSince extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}

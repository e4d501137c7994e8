import { Migration } from '@mikro-orm/migrations'

const column = `
-- The process that began the last trial, as long as it lives: begun by the same again, it has survived. Null: by a version before.
alter table delivery_trials add column life uuid;
`

export class M0033TrialsByLife extends Migration {
  override up(): void {
    this.addSql(column)
  }
}

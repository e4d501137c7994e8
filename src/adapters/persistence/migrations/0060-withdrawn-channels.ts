import { Migration } from '@mikro-orm/migrations'

/** Since when whoever granted the account has taken that back: replies fail instead of waiting. */
const withdrawn = 'alter table channels add column withdrawn_at timestamptz(3)'

export class M0060WithdrawnChannels extends Migration {
  override up(): void {
    this.addSql(withdrawn)
  }
}

import { Migration } from '@mikro-orm/migrations'

const columns = `
alter table channel_tokens
  -- When the account or its token was last changed by hand, since then only what came after it is proof.
  add column doubted_at timestamptz(3),
  -- When the platform last took the token without a reply being sent.
  add column proven_at timestamptz(3);
`

export class M0022ProvenCredentials extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}

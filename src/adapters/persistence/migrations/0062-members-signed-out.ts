import { Migration } from '@mikro-orm/migrations'

/** Signing a member out ends their sessions for this organization, in whatever organization and store these are. */
const columns = `
alter table memberships add column sessions_since timestamptz(3);
`

export class M0062MembersSignedOut extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}

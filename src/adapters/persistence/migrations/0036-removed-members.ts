import { Migration } from '@mikro-orm/migrations'

/**
 * Who was removed keeps their row: what they wrote is theirs, and whoever comes back is the same member. `active` goes
 * before it: a version that does not know the column lets people in again by that alone.
 */
const removed = `
alter table memberships add column removed_at timestamptz(3);
`

export class M0036RemovedMembers extends Migration {
  override up(): void {
    this.addSql(removed)
  }
}

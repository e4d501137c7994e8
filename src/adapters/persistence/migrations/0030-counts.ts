import { Migration } from '@mikro-orm/migrations'

/** The operator counts replies under way and in doubt, of all organizations together: their status, and of no other message. */
const counted = `
create policy system_count on messages for select to dc_system using (status in ('SENDING', 'UNKNOWN'));
grant select (status) on messages to dc_system;
`

export class M0030Counts extends Migration {
  override up(): void {
    this.addSql(counted)
  }
}

import { Migration } from '@mikro-orm/migrations'

/** Whoever tells people of doubts finds those of all organizations: which parts, since when, and nothing of any other. */
const found = `
create policy system_untold on message_parts for select to dc_system using (status = 'UNKNOWN' and unconfirmed_at is null);
grant select (org_id, id, status, unconfirmed_at) on message_parts to dc_system;
create policy system_times on send_attempts for select to dc_system using (true);
grant select (org_id, part_id, started_at, finished_at) on send_attempts to dc_system;
`

export class M0032OpenDoubts extends Migration {
  override up(): void {
    this.addSql(found)
  }
}

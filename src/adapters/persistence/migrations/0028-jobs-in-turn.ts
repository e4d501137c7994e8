import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Claims go from group to group, and take some of each.
create index jobs_in_turn on jobs (queue, grouping, run_at, id) where state = 'READY';
drop index jobs_ready;
`

export class M0028JobsInTurn extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

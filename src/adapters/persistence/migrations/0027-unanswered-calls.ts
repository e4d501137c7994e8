import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Calls of an account in a row that ended without any answer; a row of that alone has a pause that is over. From so many on the
-- account is left alone, and each claim that tries it again moves its end on, so that there is one at a time.
alter table channel_pauses add column unanswered int not null default 0;
create policy system_trial on channel_pauses for update to dc_system using (unanswered > 0) with check (unanswered > 0);
grant update (until) on channel_pauses to dc_system;
`

export class M0027UnansweredCalls extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

import { Migration } from '@mikro-orm/migrations'

/** What is looked for by whoever takes away what is past its time: by age where it is no message's own, else by what it is about. */
const indexes = `
create index channels_retention on channels (org_id, id) where retention_days is not null;
create index reactions_age on reactions (org_id, channel_id, reacted_at);
create index tombstones_age on tombstones (org_id, channel_id, deleted_at);
create index opt_ins_age on opt_ins (org_id, channel_id, told_at);
create index event_log_told on event_log (org_id, resource_id) where data <> '{}';
`

export class M0059RetentionIndexes extends Migration {
  override up(): void {
    this.addSql(indexes)
  }
}

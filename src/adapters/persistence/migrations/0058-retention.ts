import { Migration } from '@mikro-orm/migrations'

const columns = `
alter table channels
  -- How long messages are kept; null: for good.
  add column retention_days integer,
  -- What was sent before is not stored any more: as much as was ever taken away. Only moves forward.
  add column kept_since timestamptz(3);
alter table channels add constraint channels_retention_check check (retention_days between 7 and 3650) not valid;

-- When it was told, so that it is forgotten with the messages of its time.
alter table opt_ins add column told_at timestamptz(3) not null default now();
`

export class M0058Retention extends Migration {
  override up(): void {
    this.addSql(columns)
  }
}

import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Deliveries whose holder was lost, tried again one at a time: how many trials were begun and have no end. Nobody's in
-- particular, like the queue; the row goes with the end of a trial.
create table delivery_trials (
  delivery_id uuid primary key,
  begun int not null,
  last_at timestamptz(3) not null default now()
);
create index delivery_trials_last on delivery_trials (last_at);
grant select, insert, update, delete on delivery_trials to dc_system;
`

export class M0026DeliveryTrials extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

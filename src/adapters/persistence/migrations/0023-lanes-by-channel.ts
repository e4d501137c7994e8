import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Claims go from channel to channel, each with a share of its own.
drop index send_lanes_ready;
create index send_lanes_ready on send_lanes (channel_id, not_before, conversation_id) where state = 'READY';
create index send_lanes_channel_busy on send_lanes (channel_id) where state = 'BUSY';
`

export class M0023LanesByChannel extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

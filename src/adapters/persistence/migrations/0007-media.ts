import { Migration } from '@mikro-orm/migrations'

const tables = `
-- What the platform tells about a post or story that messages are about: asked once a day at most, shared by all tickets.
create table media (
  org_id uuid not null,
  channel_id uuid not null,
  media_id text not null,
  permalink text,
  caption text,
  thumbnail_url text,
  -- The platform says that there is none (any more).
  gone boolean not null default false,
  asked_at timestamptz(3) not null default now(),
  answered_at timestamptz(3),
  primary key (org_id, channel_id, media_id),
  foreign key (org_id, channel_id) references channels (org_id, id) on delete cascade
);
create index tickets_media on tickets (org_id, channel_id, (context ->> 'mediaId')) where context is not null;
`

/** Checked again as a whole only once it is there: an older program goes on meanwhile. */
const kinds = `
alter table messages drop constraint messages_kind_check;
alter table messages add constraint messages_kind_check
  check (kind in ('TEXT', 'MEDIA', 'STORY_REPLY', 'STORY_MENTION', 'QUICK_REPLY', 'POSTBACK', 'COMMENT', 'MENTION', 'UNSUPPORTED')) not valid;
`

const policies = `
alter table media enable row level security;
create policy tenant on media to dc_app
  using (org_id = nullif(current_setting('app.org_id', true), '')::uuid)
  with check (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
grant select, insert, update, delete on media to dc_app;
`

export class M0007Media extends Migration {
  override up(): void {
    this.addSql(tables)
    this.addSql(kinds)
    this.addSql(policies)
  }
}

import { Migration } from '@mikro-orm/migrations'

/** Whether an invitation went out by letter; and links for a new password, one for a person. */
const letters = `
alter table invitations add column letter text not null default 'NONE'
  check (letter in ('NONE', 'SENDING', 'SENT', 'FAILED'));

create table password_resets (
  user_id uuid primary key references users on delete cascade,
  token_hash text not null unique,
  made_at timestamptz(3) not null,
  expires_at timestamptz(3) not null
);
grant select, insert, update, delete on password_resets to dc_system;
`

export class M0048Letters extends Migration {
  override up(): void {
    this.addSql(letters)
  }
}

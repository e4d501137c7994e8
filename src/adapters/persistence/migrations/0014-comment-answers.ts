import { Migration } from '@mikro-orm/migrations'

const tables = `
-- Who reads a reply: the customer alone, or everybody under the post.
alter table messages add column audience text not null default 'PRIVATE' check (audience in ('PRIVATE', 'PUBLIC')),
  -- A comment that the account has hidden from others.
  add column hidden boolean not null default false;
`

export class M0014CommentAnswers extends Migration {
  override up(): void {
    this.addSql(tables)
  }
}

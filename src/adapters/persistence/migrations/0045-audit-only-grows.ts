import { Migration } from '@mikro-orm/migrations'

/** Whoever got hold of a runtime role could otherwise take away what shows it. Its owner still ends it with an organization. */
const onlyGrows = 'revoke update, delete, truncate on audit_log from dc_app, dc_system;'

export class M0045AuditOnlyGrows extends Migration {
  override up(): void {
    this.addSql(onlyGrows)
  }
}

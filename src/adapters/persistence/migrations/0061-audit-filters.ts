import { Migration } from '@mikro-orm/migrations'

/** By each filter in the order of the list. */
const indexes = `
create index audit_log_action on audit_log (org_id, action, at desc, id desc);
create index audit_log_actor on audit_log (org_id, actor_id, at desc, id desc);
create index audit_log_resource on audit_log (org_id, resource_id, at desc, id desc);
`

export class M0061AuditFilters extends Migration {
  override up(): void {
    this.addSql(indexes)
  }
}

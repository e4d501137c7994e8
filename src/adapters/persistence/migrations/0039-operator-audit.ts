import { Migration } from '@mikro-orm/migrations'

/**
 * What the operator does to what is no organization's is in the audit log as well; no organization sees those rows, since its
 * policy asks for its own id.
 */
const operators = 'alter table audit_log alter column org_id drop not null;'

export class M0039OperatorAudit extends Migration {
  override up(): void {
    this.addSql(operators)
  }
}

import type { MikroORM, SqlEntityManager } from '@mikro-orm/postgresql'
import { CompiledQuery, type Transaction } from 'kysely'
import type { OrgId } from '../../core/ids.ts'
import type { DatabaseRole } from './connection.ts'
import { translated } from './sql-errors.ts'

/** A transaction as `dc_system`: look-ups across organizations by explicit policies and column grants. */
export type SystemTx = Readonly<{
  /**
   * One statement on this transaction, `$1` and so on bound by the server. timestamptz comes back as Date ('infinity' as the
   * number), bigint as string, jsonb and arrays parsed, bytea as Buffer. A parameter that is an object or an array for a jsonb
   * column goes in as JSON.stringify(…); other arrays are PostgreSQL arrays.
   */
  rows<T>(text: string, params?: readonly unknown[]): Promise<T[]>
  /** The same for a statement that returns nothing: how many rows it touched. */
  affected(text: string, params?: readonly unknown[]): Promise<number>
  /** The ORM on the same transaction. Flush before `rows` that must see what was persisted. */
  em: SqlEntityManager
}>

/** A transaction as `dc_app`, bound to one organization by row-level security. */
export type Tx = SystemTx & Readonly<{ orgId: OrgId }>

export type Orm = MikroORM

const STATEMENT_TIMEOUT_MS = 30_000

type Session = Readonly<{ role: DatabaseRole; orgId: OrgId | null; readOnly: boolean }>

/** Everything travels in the one set_config that the ORM issues, local to the transaction: also right behind a pooler. */
async function within<T>(orm: Orm, session: Session, work: (tx: SystemTx) => Promise<T>): Promise<T> {
  const variables: Record<string, string> = {
    role: session.role,
    'app.org_id': session.orgId ?? '',
    statement_timeout: String(STATEMENT_TIMEOUT_MS),
    idle_in_transaction_session_timeout: String(STATEMENT_TIMEOUT_MS),
  }
  try {
    return await orm.em
      .fork({ session: { variables } })
      .transactional((em) => work(statements(em)), session.readOnly ? { readOnly: true } : {})
  } catch (error) {
    throw translated(error)
  }
}

function statements(em: SqlEntityManager): SystemTx {
  const transaction = em.getTransactionContext<Transaction<unknown>>()
  if (transaction === undefined) throw new Error('not inside a transaction')
  const run = (text: string, params: readonly unknown[]) =>
    transaction.executeQuery(CompiledQuery.raw(text, [...params]))
  return {
    em,
    rows: async <T>(text: string, params: readonly unknown[] = []) => (await run(text, params)).rows as T[],
    affected: async (text, params = []) => Number((await run(text, params)).numAffectedRows ?? 0),
  }
}

export const inOrganization = <T>(orm: Orm, orgId: OrgId, work: (tx: Tx) => Promise<T>): Promise<T> =>
  within(orm, { role: 'dc_app', orgId, readOnly: false }, (tx) => work({ ...tx, orgId }))

export const readInOrganization = <T>(orm: Orm, orgId: OrgId, work: (tx: Tx) => Promise<T>): Promise<T> =>
  within(orm, { role: 'dc_app', orgId, readOnly: true }, (tx) => work({ ...tx, orgId }))

export const asSystem = <T>(orm: Orm, work: (tx: SystemTx) => Promise<T>): Promise<T> =>
  within(orm, { role: 'dc_system', orgId: null, readOnly: false }, work)

export {
  isConnectionError,
  isDataError,
  isRetryable,
  isUnavailable,
  isUniqueViolation,
} from '../postgres-kit/errors.ts'

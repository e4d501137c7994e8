import type { MikroORM, SqlEntityManager } from '@mikro-orm/postgresql'
import { AbortedTransactionError, CompiledQuery, type Transaction } from 'kysely'
import type { OrgId } from '../../core/ids.ts'
import { codeOf } from '../postgres-kit/errors.ts'
import type { DatabaseRole } from './connection.ts'
import { translated } from './sql-errors.ts'

/**
 * A transaction as `dc_system`: look-ups across organizations by explicit policies and column grants. Statements run one after
 * another in the order in which they are sent, each behind the locks of those before; to send the next, none has to be waited for.
 */
export type SystemTx = Readonly<{
  /**
   * One statement on this transaction, `$1` and so on bound by the server. timestamptz comes back as Date ('infinity' as the
   * number), bigint as string, jsonb and arrays parsed, bytea as Buffer. A parameter that is an object or an array for a jsonb
   * column goes in as JSON.stringify(…); other arrays are PostgreSQL arrays.
   */
  rows<T>(text: string, params?: readonly unknown[]): Promise<T[]>
  /** The same for a statement of which it matters how many rows it touched. */
  affected(text: string, params?: readonly unknown[]): Promise<number>
  /**
   * A statement whose answer nobody needs: it is on its way when this returns, behind all that were sent before it and ahead of all
   * that come after. If it fails, so does the transaction, for its reason. Throws at once when the transaction is over.
   */
  write(text: string, params?: readonly unknown[]): void
  /**
   * The ORM on the same transaction. Flush before `rows` that must see what was persisted, and wait for it: what fails there while others
   * are on their way is not known here.
   */
  em: SqlEntityManager
}>

/** A transaction as `dc_app`, bound to one organization by row-level security. */
export type Tx = SystemTx & Readonly<{ orgId: OrgId }>

export type Orm = MikroORM

const STATEMENT_TIMEOUT_MS = 30_000
/** What comes after a statement that failed only says so: also that a statement is not known, whose preparation came to nothing by that. */
const isAfterwards = (error: unknown): boolean =>
  ['25P02', '26000'].includes(codeOf(error) ?? '') || error instanceof AbortedTransactionError

type Session = Readonly<{ role: DatabaseRole; orgId: OrgId | null; readOnly: boolean }>

const WHO = `select ${['role', 'app.org_id', 'statement_timeout', 'idle_in_transaction_session_timeout']
  .map((name, index) => `set_config('${name}', $${index + 1}, true)`)
  .join(', ')}`

/** Who it is travels ahead of the first statement and is local to the transaction: also right behind a pooler. */
async function within<T>(orm: Orm, session: Session, work: (tx: SystemTx) => Promise<T>): Promise<T> {
  const { role, orgId, readOnly } = session
  const timeoutMs = String(STATEMENT_TIMEOUT_MS)
  let statements: Statements | undefined
  try {
    return await orm.em.fork().transactional(
      async (em) => {
        statements = await createStatements(em)
        try {
          statements.tx.write(WHO, [role, orgId ?? '', timeoutMs, timeoutMs])
          const result = await work(statements.tx)
          // COMMIT goes out when nothing can fail any more: a server that has it commits, whether or not we are still there.
          await statements.settled()
          return result
        } finally {
          statements.end()
        }
      },
      readOnly ? { readOnly } : {},
    )
  } catch (error) {
    throw translated(isAfterwards(error) ? (statements?.failure() ?? error) : error)
  }
}

type Statements = Readonly<{
  tx: SystemTx
  /** All that were sent are answered. Rejects for the reason of the first that failed, if one did. */
  settled(): Promise<void>
  /** Nothing is sent any more: the connection is the next one's, who may be of another organization. */
  end(): void
  /** Why the first one failed, if one did: those behind it only say that something before them has. */
  failure(): unknown
}>

async function createStatements(em: SqlEntityManager): Promise<Statements> {
  const transaction = em.getTransactionContext<Transaction<unknown>>()
  if (transaction === undefined) throw new Error('not inside a transaction')
  // The query builder would wait for each answer before it sends the next; the driver keeps the order by itself.
  const connection = await transaction.getExecutor().provideConnection(async (own) => own)
  let isOver = false
  let failure: unknown
  const pending = new Set<Promise<unknown>>()
  const send = (text: string, params: readonly unknown[]) => {
    if (isOver) throw new Error('the transaction is over')
    const sent = connection.executeQuery(CompiledQuery.raw(text, [...params]))
    pending.add(sent)
    sent.then(
      () => pending.delete(sent),
      (error: unknown) => {
        pending.delete(sent)
        if (!isAfterwards(error)) failure ??= error
      },
    )
    return sent
  }
  return {
    tx: {
      em,
      rows: async <T>(text: string, params: readonly unknown[] = []) => (await send(text, params)).rows as T[],
      affected: async (text, params = []) => Number((await send(text, params)).numAffectedRows ?? 0),
      write(text, params = []) {
        send(text, params)
      },
    },
    async settled() {
      await Promise.allSettled(pending)
      if (failure !== undefined) throw failure
    },
    end() {
      isOver = true
    },
    failure: () => failure,
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

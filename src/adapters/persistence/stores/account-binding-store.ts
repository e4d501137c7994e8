import { DomainError } from '../../../core/errors.ts'
import type { AccountBindingStore } from '../../../ports/account-bindings.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import { isUniqueViolation } from '../../postgres-kit/errors.ts'
import type { Tx } from '../transaction.ts'

/** Longer than the login that made the binding may take to subscribe it. */
const SUBSCRIBE_AFTER_MS = 60_000

export const createAccountBindingStore = (tx: Tx, { ids }: { ids: IdSource }): AccountBindingStore => ({
  async bind({ type, account, alias, grantedBy, channelId, tokenIssuedAt, tokenExpiresAt }, { moves, isSubscribed }) {
    if (moves) await tx.rows('select take_account_over($1, $2)', [type, account])
    // Its own go first: both of the account, and of the channel where that spoke for another account.
    await tx.affected(
      'delete from account_bindings where org_id = $1 and ((type = $2 and account = $3) or channel_id = $4)',
      [tx.orgId, type, account, channelId],
    )
    const subscribeSince = isSubscribed ? null : tokenIssuedAt
    try {
      await tx.affected(
        `insert into account_bindings (type, account, org_id, channel_id, alias, granted_by, token_issued_at, token_expires_at, subscribe_since)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [type, account, tx.orgId, channelId, alias, grantedBy, tokenIssuedAt, tokenExpiresAt, subscribeSince],
      )
    } catch (error) {
      const isTaken = ['account_bindings_pkey', 'account_bindings_alias'].some((name) => isUniqueViolation(error, name))
      if (!isTaken) throw error
      throw new DomainError(
        'account-bound-elsewhere',
        'This account is connected in another organization of this installation.',
        { cause: error },
      )
    }
    const enqueue = (queue: string, job: object, afterMs: number) =>
      tx.affected(`insert into jobs (id, queue, payload, run_at) values ($1, $2, $3, now() + $4 * interval '1 ms')`, [
        ids.next(),
        queue,
        Buffer.from(JSON.stringify({ orgId: tx.orgId, channelId, ...job })),
        afterMs,
      ])
    await enqueue('entry-claim', { type, accounts: [account, ...(alias === null ? [] : [alias])] }, 0)
    if (!isSubscribed) await enqueue('subscribe', { since: tokenIssuedAt.toISOString() }, SUBSCRIBE_AFTER_MS)
  },

  async subscribingSince(channelId) {
    const [row] = await tx.rows<{ since: Date | null }>(
      'select subscribe_since as since from account_bindings where org_id = $1 and channel_id = $2',
      [tx.orgId, channelId],
    )
    return row?.since ?? null
  },

  async subscribed(channelId, since) {
    const told = await tx.affected(
      `update account_bindings set subscribe_since = null
       where org_id = $1 and channel_id = $2 and subscribe_since = $3::timestamptz`,
      [tx.orgId, channelId, since],
    )
    return told > 0
  },

  async holds(channelId) {
    const found = await tx.rows('select 1 from account_bindings where org_id = $1 and channel_id = $2', [
      tx.orgId,
      channelId,
    ])
    return found.length > 0
  },

  async release(channelId) {
    await tx.affected('delete from account_bindings where org_id = $1 and channel_id = $2', [tx.orgId, channelId])
  },
})

import { DomainError } from '../../../core/errors.ts'
import type { AccountBindingStore } from '../../../ports/account-bindings.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import { isUniqueViolation } from '../../postgres-kit/errors.ts'
import type { Tx } from '../transaction.ts'
import { insertRows } from './insert-rows.ts'
import { bytea } from './raw-events.ts'

export const createAccountBindingStore = (tx: Tx, { ids }: { ids: IdSource }): AccountBindingStore => ({
  async bind({ type, account, alias, grantedBy, channelId, tokenIssuedAt, tokenExpiresAt }, { moves }) {
    if (moves) await tx.rows('select take_account_over($1, $2)', [type, account])
    // Its own go first: both of the account, and of the channel where that spoke for another account.
    await tx.affected(
      'delete from account_bindings where org_id = $1 and ((type = $2 and account = $3) or channel_id = $4)',
      [tx.orgId, type, account, channelId],
    )
    try {
      await tx.affected(
        `insert into account_bindings (type, account, org_id, channel_id, alias, granted_by, token_issued_at, token_expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [type, account, tx.orgId, channelId, alias, grantedBy, tokenIssuedAt, tokenExpiresAt],
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
    const job = { orgId: tx.orgId, channelId, type, accounts: [account, ...(alias === null ? [] : [alias])] }
    await insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, [
      { id: ids.next(), queue: 'entry-claim', payload: bytea(Buffer.from(JSON.stringify(job))) },
    ])
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

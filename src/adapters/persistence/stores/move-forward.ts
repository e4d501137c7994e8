import type { IntakeChanges } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { recordset } from './insert-rows.ts'

/** Facts that only move forward: the later of what is stored and what came, so that order and repetition leave no trace. */
export function moveWindows(tx: Tx, windows: IntakeChanges['windows']): void {
  if (windows.length === 0) return
  tx.write(
    `update conversations v set window_opened_at = r.opened_at, window_reason = r.reason
     from ${recordset('$1', { conversation_id: 'uuid', opened_at: 'timestamptz(3)', reason: 'text' })}
     where v.org_id = $2 and v.id = r.conversation_id and (v.window_opened_at is null or v.window_opened_at < r.opened_at
       or v.window_opened_at = r.opened_at and v.window_reason collate "C" < r.reason)`,
    [
      JSON.stringify(
        windows.map(({ conversationId, openedAt, reason }) => ({
          conversation_id: conversationId,
          opened_at: openedAt,
          reason,
        })),
      ),
      tx.orgId,
    ],
  )
}

/** Until customers give a sign of life of their own, the last time that others had to do with them stands for it. */
export function moveLastSeen(tx: Tx, { seen, heardOf }: Pick<IntakeChanges, 'seen' | 'heardOf'>): void {
  if (seen.length > 0)
    tx.write(
      `update customers c set last_seen_at = r.at, seen = true
       from ${recordset('$1', { customer_id: 'uuid', at: 'timestamptz(3)' })}
       where c.org_id = $2 and c.id = r.customer_id and (not c.seen or c.last_seen_at < r.at)`,
      [rowsOf(seen), tx.orgId],
    )
  if (heardOf.length > 0)
    tx.write(
      `update customers c set last_seen_at = r.at from ${recordset('$1', { customer_id: 'uuid', at: 'timestamptz(3)' })}
       where c.org_id = $2 and c.id = r.customer_id and not c.seen and c.last_seen_at < r.at`,
      [rowsOf(heardOf), tx.orgId],
    )
}

const rowsOf = (times: IntakeChanges['seen']): string =>
  JSON.stringify(times.map(({ customerId, at }) => ({ customer_id: customerId, at })))

/** Opened or reopened by a customer's message. */
export function setStatuses(tx: Tx, statuses: IntakeChanges['ticketStatuses']): void {
  if (statuses.length === 0) return
  tx.write(
    `update tickets t set status = r.status, resolved_at = null from ${recordset('$1', { id: 'uuid', status: 'text' })}
     where t.org_id = $2 and t.id = r.id`,
    [JSON.stringify(statuses), tx.orgId],
  )
}

/** Decided under the conversations' locks. */
export function setConversationFacts(tx: Tx, facts: IntakeChanges['conversations']): void {
  if (facts.length === 0) return
  tx.write(
    `update conversations v set read_until = r.read_until, first_referral = r.first_referral, last_referral = r.last_referral,
       thread_owner = r.thread_owner
     from ${recordset('$1', { id: 'uuid', read_until: 'timestamptz(3)', first_referral: 'jsonb', last_referral: 'jsonb', thread_owner: 'jsonb' })}
     where v.org_id = $2 and v.id = r.id`,
    [
      JSON.stringify(
        facts.map(({ id, readUntil, firstReferral, lastReferral, threadOwner }) => ({
          id,
          read_until: readUntil,
          first_referral: firstReferral,
          last_referral: lastReferral,
          thread_owner: threadOwner,
        })),
      ),
      tx.orgId,
    ],
  )
}

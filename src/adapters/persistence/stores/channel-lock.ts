import type { ChannelId } from '../../../core/ids.ts'
import { ChannelGone } from '../../../core/message/channel-gone.ts'
import type { Tx } from '../transaction.ts'

/**
 * A message and what is said of it (that it was unsent, edited, seen) share no row until one of them is stored: two
 * transactions at once would each miss what the other brings. So whoever makes platform ids known passes `together` with
 * others, and whoever speaks of an id that is not known passes `alone`. Comes before every row lock; ends with the transaction. What
 * is sent after it runs once the lock is had.
 */
export function lockChannel(tx: Tx, channelId: ChannelId, pass: 'together' | 'alone'): void {
  const lock = pass === 'alone' ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared'
  tx.write(`select ${lock}(hashtextextended('intake ' || $1, 0))`, [channelId])
}

/**
 * Whoever brings events may have looked the channel up a while ago. Answers from when on it keeps what is sent, null where it keeps
 * everything: what was ever taken away for its age stays away, also where messages are kept longer since.
 */
export async function checkConnected(tx: Tx, channelId: ChannelId, now: Date): Promise<Date | null> {
  const [connected] = await tx.rows<{ before: Date | null }>(
    `select greatest(kept_since, $3::timestamptz - retention_days * interval '1 day') as before
     from channels where org_id = $1 and id = $2 and status <> 'DISCONNECTED'`,
    [tx.orgId, channelId, now],
  )
  if (!connected) throw new ChannelGone()
  return connected.before
}

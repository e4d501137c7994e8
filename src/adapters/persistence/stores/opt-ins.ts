import type { ChannelId, ExternalMessageId } from '../../../core/ids.ts'
import type { IntakeRequest } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'

/** Read under the lock of their conversations: whoever ingests the same ones waits there. */
export async function knownOptIns(
  tx: Tx,
  { channelId, optIns }: IntakeRequest,
): Promise<ReadonlySet<ExternalMessageId>> {
  if (optIns.length === 0) return new Set()
  const rows = await tx.rows<{ external_id: ExternalMessageId }>(
    'select external_id from opt_ins where org_id = $1 and channel_id = $2 and external_id = any($3)',
    [tx.orgId, channelId, optIns],
  )
  return new Set(rows.map(({ external_id }) => external_id))
}

export function keepOptIns(tx: Tx, channelId: ChannelId, optIns: readonly ExternalMessageId[]): void {
  if (optIns.length === 0) return
  tx.write('insert into opt_ins (org_id, channel_id, external_id) select $1, $2, unnest($3::text[])', [
    tx.orgId,
    channelId,
    [...optIns].sort(),
  ])
}

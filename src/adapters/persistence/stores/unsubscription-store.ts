import type { ChannelId, ExternalAccountId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { SecretBox } from '../../../ports/secret-box.ts'
import type { UnsubscriptionStore } from '../../../ports/unsubscription-store.ts'
import { unsubscriptionPlace } from '../sealed-places.ts'
import type { Tx } from '../transaction.ts'

type Row = {
  channel_id: ChannelId
  type: string
  account: ExternalAccountId
  settings: Record<string, unknown>
  sealed: string
  requested_at: Date
  asked_at: Date | null
}

type Deps = Readonly<{ ids: IdSource; secretBox: SecretBox }>

export function createUnsubscriptionStore(tx: Tx, { ids, secretBox }: Deps): UnsubscriptionStore {
  return {
    async plan({ id, channelId, type, account, settings, secrets, requestedAt }, afterMs) {
      const sealed = secretBox.seal(JSON.stringify(secrets), unsubscriptionPlace(tx.orgId, id))
      await tx.affected(
        `insert into unsubscriptions (id, org_id, channel_id, type, account, settings, sealed, requested_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, tx.orgId, channelId, type, account, JSON.stringify(settings), sealed, requestedAt],
      )
      const payload = { orgId: tx.orgId, channelId, unsubscriptionId: id }
      await tx.affected(
        `insert into jobs (id, queue, payload, run_at) values ($1, 'unsubscribe', $2, now() + $3 * interval '1 ms')`,
        [ids.next(), Buffer.from(JSON.stringify(payload)), afterMs],
      )
    },

    async find(id) {
      const [row] = await tx.rows<Row>(
        `select channel_id, type, account, settings, sealed, requested_at, asked_at from unsubscriptions
         where org_id = $1 and id = $2`,
        [tx.orgId, id],
      )
      if (!row) return null
      const secrets = JSON.parse(secretBox.open(row.sealed, unsubscriptionPlace(tx.orgId, id))) as Record<
        string,
        string
      >
      const { type, account, settings } = row
      return {
        ...{ id, type, account, settings, secrets },
        channelId: row.channel_id,
        requestedAt: row.requested_at,
        askedAt: row.asked_at,
      }
    },

    async asked(id, now) {
      await tx.affected('update unsubscriptions set asked_at = coalesce(asked_at, $3) where org_id = $1 and id = $2', [
        tx.orgId,
        id,
        now,
      ])
    },

    async forget(id) {
      await tx.affected('delete from unsubscriptions where org_id = $1 and id = $2', [tx.orgId, id])
    },
  }
}

import type { ChannelAccounts } from '../../ports/channel-directory.ts'
import type { SecretBox } from '../../ports/secret-box.ts'
import { openSecrets } from './channel-secrets.ts'
import { waitsOf } from './queries/pauses.ts'
import { ChannelRow, ChannelSecretRow } from './rows/channel-rows.ts'
import { type Orm, readInOrganization } from './transaction.ts'
import { isUuid } from './uuid.ts'

/** Whom a call to the platform speaks for, bound to the organization like every read. */
export const createChannelAccounts = ({ orm, secretBox }: { orm: Orm; secretBox: SecretBox }): ChannelAccounts => ({
  load: (orgId, id) =>
    readInOrganization(orm, orgId, async (tx) => {
      const { em } = tx
      const row = isUuid(id) ? await em.findOne(ChannelRow, { orgId, id, status: { $ne: 'DISCONNECTED' } }) : null
      if (row === null) return null
      const secrets = await em.find(ChannelSecretRow, { orgId, channelId: id })
      const sealed = Object.fromEntries(secrets.map(({ name, sealed }) => [name, sealed]))
      return {
        orgId,
        channelId: row.id,
        account: row.account,
        type: row.type,
        status: row.status,
        isWithdrawn: (row.withdrawnAt ?? null) !== null,
        app: row.app ?? null,
        version: row.version,
        ...(await waitsOf(tx, row)),
        settings: row.settings,
        secrets: openSecrets(secretBox, row, sealed),
      }
    }),
})

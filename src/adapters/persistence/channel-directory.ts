import type { Pool } from 'pg'
import type { ChannelId, ExternalAccountId, OrgId } from '../../core/ids.ts'
import type { ChannelDirectory } from '../../ports/channel-directory.ts'
import type { ChannelRegistry } from '../../ports/channel-registry.ts'
import type { SecretBox } from '../../ports/secret-box.ts'
import type { ChannelStatus } from '../../ports/views.ts'
import { runStatement } from '../postgres-kit/statement.ts'
import { countInto, createChannelCounters } from './channel-counters.ts'
import { openSecrets } from './channel-secrets.ts'
import { translated } from './sql-errors.ts'
import { isUuid } from './uuid.ts'

export type ChannelDirectoryDeps = Readonly<{ pool: Pool; secretBox: SecretBox; registry: ChannelRegistry }>

/** Closing writes the last counts. */
export type ClosableChannelDirectory = ChannelDirectory & Readonly<{ close(): Promise<void> }>

type Row = {
  id: ChannelId
  org_id: OrgId
  type: string
  status: ChannelStatus
  account: ExternalAccountId
  settings: Record<string, unknown>
  sealed: Record<string, string>
}

/** A webhook waits for it, and is to be 503 within 2 s where it cannot be taken. */
const FOUND_WITHIN_MS = 1_500

const FIND = `
select c.id, c.org_id, c.type, c.status, c.account, c.settings,
  (select coalesce(jsonb_object_agg(s.name, s.sealed), '{}') from channel_secrets s where s.org_id = c.org_id and s.channel_id = c.id) as sealed
from channels c where c.id = $1 and c.status <> 'DISCONNECTED'`

const aliasesOf = (alias: ExternalAccountId | null | undefined): readonly ExternalAccountId[] => (alias ? [alias] : [])

/** Channels by id alone, over connections of the system role. */
export function createChannelDirectory({ pool, secretBox, registry }: ChannelDirectoryDeps): ClosableChannelDirectory {
  const counters = createChannelCounters(countInto(pool))
  const look = async (id: ChannelId): Promise<Row | null> => {
    try {
      return (await runStatement<Row>(pool, FIND, [id], FOUND_WITHIN_MS)).rows[0] ?? null
    } catch (error) {
      throw translated(error)
    }
  }
  return {
    ...counters,
    async find(id) {
      const row = isUuid(id) ? await look(id) : null
      if (row === null) return null
      const named = registry.get(row.type)?.settings ?? { webhookSecrets: [], verifyTokens: [] }
      const wanted = new Set([...named.webhookSecrets, ...named.verifyTokens])
      const sealed = Object.fromEntries(Object.entries(row.sealed).filter(([name]) => wanted.has(name)))
      const values = { ...row.settings, ...openSecrets(secretBox, { orgId: row.org_id, id: row.id }, sealed) }
      const valuesOf = (names: readonly string[]) =>
        names.map((name) => values[name]).filter((value) => typeof value === 'string' && value !== '') as string[]
      return {
        id: row.id,
        orgId: row.org_id,
        type: row.type,
        status: row.status,
        account: row.account,
        aliases: aliasesOf(registry.get(row.type)?.settings.alias?.(row.settings)),
        webhookSecrets: valuesOf(named.webhookSecrets),
        verifyTokens: valuesOf(named.verifyTokens),
      }
    },
  }
}

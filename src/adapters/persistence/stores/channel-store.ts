import { UNANSWERED_AT_MOST } from '../../../core/channel/unanswered.ts'
import { DomainError, NotFound } from '../../../core/errors.ts'
import type { ChannelId } from '../../../core/ids.ts'
import type { ChannelRecord, ChannelStore } from '../../../ports/channel-store.ts'
import type { SecretBox } from '../../../ports/secret-box.ts'
import { isUniqueViolation } from '../../postgres-kit/errors.ts'
import { openSecrets, sealSecret } from '../channel-secrets.ts'
import { ChannelRow, ChannelSecretRow } from '../rows/channel-rows.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

export const createChannelStore = (tx: Tx, { secretBox }: { secretBox: SecretBox }): ChannelStore => ({
  async add(channel, secrets, now) {
    tx.em.create(ChannelRow, { ...channel, createdAt: now, updatedAt: now }, { persist: true })
    await flush(tx, channel)
    await tx.affected('insert into channel_health (channel_id, org_id) values ($1, $2)', [channel.id, tx.orgId])
    await keepSecrets(tx, secretBox, channel.id, secrets)
    await keepPause(tx, channel)
  },

  async get(id) {
    return recordOf(await load(tx, id))
  },

  async byAccount(type, account) {
    const [found] = await tx.rows<{ id: ChannelId }>(
      `select id from channels where org_id = $1 and type = $2 and account = $3 and status <> 'DISCONNECTED'
       order by created_at limit 1`,
      [tx.orgId, type, account],
    )
    return found ? recordOf(await load(tx, found.id)) : null
  },

  async secrets(id) {
    const rows = isUuid(id)
      ? await tx.em.find(ChannelSecretRow, { orgId: tx.orgId, channelId: id }, { disableIdentityMap: true })
      : []
    const sealed = Object.fromEntries(rows.map(({ name, sealed }) => [name, sealed]))
    return openSecrets(secretBox, { orgId: tx.orgId, id }, sealed)
  },

  async save(channel, secrets, now) {
    const row = await load(tx, channel.id)
    const {
      name,
      status,
      account,
      app = row.app ?? null,
      retentionDays = row.retentionDays ?? null,
      withdrawnAt = row.withdrawnAt ?? null,
      settings,
    } = channel
    tx.em.assign(row, { name, status, account, app, retentionDays, withdrawnAt, updatedAt: now })
    // Replaced as a whole: `assign` would merge it.
    row.settings = settings
    await flush(tx, channel)
    await keepSecrets(tx, secretBox, channel.id, secrets)
    await keepPause(tx, { ...channel, withdrawnAt })
  },

  async pause(id, { until, reason }) {
    const [before] = await tx.rows<{ reason: string }>(
      'select reason from channel_pauses where org_id = $1 and channel_id = $2 and until > now() for update',
      [tx.orgId, id],
    )
    const written = await tx.rows(
      `insert into channel_pauses (channel_id, org_id, until, reason)
       select id, org_id, $3, $4 from channels where org_id = $1 and id = $2 and status <> 'DISCONNECTED'
       on conflict (channel_id) do update set until = excluded.until, reason = excluded.reason
         where channel_pauses.until < excluded.until returning 1`,
      [tx.orgId, id, until, reason],
    )
    return written.length > 0 && before?.reason !== reason
  },

  async countUnanswered(id, isTrial) {
    const [row] = await tx.rows<{ unanswered: number }>(
      `insert into channel_pauses (channel_id, org_id, until, reason, unanswered)
       select id, org_id, now(), 'unreachable', 1 from channels where org_id = $1 and id = $2 and status <> 'DISCONNECTED'
       on conflict (channel_id) do update set unanswered = channel_pauses.unanswered + 1
         where $4 or channel_pauses.unanswered < $3 or channel_pauses.until <= now()
       returning unanswered`,
      [tx.orgId, id, UNANSWERED_AT_MOST, isTrial],
    )
    return row?.unanswered ?? null
  },

  async leaveAlone(id, until) {
    await tx.affected(
      `update channel_pauses set until = coalesce($3, now()), reason = 'unreachable'
       where org_id = $1 and channel_id = $2 and (reason = 'unreachable' or until < $3)`,
      [tx.orgId, id, until],
    )
  },

  async forgetUnanswered(id) {
    const [row] = await tx.rows<{ unanswered: number }>(
      `with before as (select unanswered from channel_pauses where org_id = $1 and channel_id = $2 for update)
       update channel_pauses set unanswered = 0, until = case when reason = 'unreachable' then now() else until end
       from before where org_id = $1 and channel_id = $2 and before.unanswered > 0 returning before.unanswered`,
      [tx.orgId, id],
    )
    return row?.unanswered ?? 0
  },

  async disconnect(id, now) {
    const row = await load(tx, id)
    tx.em.assign(row, { status: 'DISCONNECTED', updatedAt: now })
    await tx.em.flush()
    await tx.em.nativeDelete(ChannelSecretRow, { orgId: tx.orgId, channelId: id })
    await tx.affected('delete from account_bindings where org_id = $1 and channel_id = $2', [tx.orgId, id])
    await tx.affected('delete from channel_tokens where org_id = $1 and channel_id = $2', [tx.orgId, id])
    // What is queued is taken up, and refused for what it is: the channel is gone.
    await tx.affected('delete from channel_pauses where org_id = $1 and channel_id = $2', [tx.orgId, id])
  },
})

const recordOf = ({
  id,
  orgId,
  type,
  platform,
  name,
  status,
  account,
  app,
  retentionDays,
  settings,
  withdrawnAt,
  version,
}: ChannelRow): ChannelRecord => ({
  id,
  orgId,
  type,
  platform,
  name,
  status,
  account,
  app: app ?? null,
  retentionDays: retentionDays ?? null,
  settings,
  withdrawnAt: withdrawnAt ?? null,
  version,
})

/** Not `for update`: that would hold up every insert that refers to the channel. */
async function load(tx: Tx, id: ChannelId): Promise<ChannelRow> {
  const locked = isUuid(id)
    ? await tx.rows('select id from channels where org_id = $1 and id = $2 for no key update', [tx.orgId, id])
    : []
  const row =
    locked.length === 0
      ? null
      : await tx.em.findOne(ChannelRow, { orgId: tx.orgId, id, status: { $ne: 'DISCONNECTED' } }, { refresh: true })
  if (row === null) throw new NotFound('channel')
  return row
}

async function flush(tx: Tx, { type }: Pick<ChannelRecord, 'type'>): Promise<void> {
  try {
    await tx.em.flush()
  } catch (error) {
    if (!isUniqueViolation(error, 'channels_account')) throw error
    throw new DomainError('channel-exists', `This organization has connected this ${type} account already.`, {
      cause: error,
    })
  }
}

async function keepSecrets(
  tx: Tx,
  box: SecretBox,
  channelId: ChannelId,
  secrets: Readonly<Record<string, string | null>>,
): Promise<void> {
  const names = Object.keys(secrets)
  if (names.length === 0) return
  await tx.em.nativeDelete(ChannelSecretRow, { orgId: tx.orgId, channelId, name: { $in: names } })
  const rows = Object.entries(secrets).flatMap(([name, value]) =>
    value === null
      ? []
      : [
          {
            orgId: tx.orgId,
            channelId,
            name,
            sealed: sealSecret(box, { orgId: tx.orgId, id: channelId }, name, value),
          },
        ],
  )
  if (rows.length > 0) await tx.em.insertMany(ChannelSecretRow, rows)
}

async function keepPause(tx: Tx, { id, status, withdrawnAt = null }: ChannelRecord): Promise<void> {
  if (withdrawnAt === null && (status === 'PAUSED' || status === 'NEEDS_REAUTH')) {
    await tx.affected(
      `insert into channel_pauses (channel_id, org_id, until, reason) values ($1, $2, 'infinity', $3)
       on conflict (channel_id) do update set until = excluded.until, reason = excluded.reason`,
      [id, tx.orgId, status === 'PAUSED' ? 'paused' : 'needs-reauth'],
    )
  }
  if (status === 'ACTIVE' || withdrawnAt !== null) {
    await tx.affected(
      `delete from channel_pauses where org_id = $1 and channel_id = $2 and reason in ('paused', 'needs-reauth')`,
      [tx.orgId, id],
    )
  }
}

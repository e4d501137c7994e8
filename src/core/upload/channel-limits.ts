import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import { capabilitiesFor, type MediaCapability, whyTextOnly } from '../channel/capabilities.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { ChannelId, TicketId } from '../ids.ts'
import { problemOfFile } from '../message/check-media.ts'
import { meetingPlaceOf } from '../message/reply-place.ts'
import type { FileKind } from './file-kinds.ts'

/** Where a file is to be sent. A ticket says more than its channel: comments may take nothing that direct messages do. */
export type UploadFor = Readonly<{ channelId: ChannelId } | { ticketId: TicketId }>

/** Why a file of that kind and size, as far as it has come, is of no use there: a list for each surface that may be meant. */
export type ChannelLimits = readonly (readonly MediaCapability[])[]

/** Null for a file that nobody says the channel of. */
export async function limitsOf(
  { channelAccounts, channelRegistry, unitOfWork }: CorePorts,
  { orgId }: Actor,
  goal: UploadFor | null,
): Promise<ChannelLimits | null> {
  if (goal === null) return null
  const target =
    'ticketId' in goal
      ? meetingPlaceOf(await unitOfWork.run(orgId, ({ sends }) => sends.target(goal.ticketId, 'PRIVATE')))
      : null
  const account = await channelAccounts.load(
    orgId,
    target ? target.channelId : (goal as { channelId: ChannelId }).channelId,
  )
  const adapter = account && channelRegistry.get(account.type)
  if (!account || !adapter) {
    if (target) throw new DomainError('channel-disconnected', 'The channel of this ticket is disconnected.')
    throw new NotFound('channel')
  }
  const surfaces = target ? [target.surface] : (['DM', 'COMMENT', 'MENTION'] as const)
  const limits = surfaces.flatMap((surface) => {
    const { attachments } = capabilitiesFor(adapter.capabilities, surface, account.settings)
    return attachments === null ? [] : [attachments.types]
  })
  if (limits.length === 0) {
    const why = target && whyTextOnly(adapter.capabilities, target.surface)
    throw new DomainError('capability-missing', why ?? 'The channel carries no attachments here.')
  }
  return limits
}

/** Throws unless one of the places takes the file. */
export function checkLimits(
  limits: ChannelLimits | null,
  { type, contentType }: Pick<FileKind, 'type' | 'contentType'>,
  bytes: number,
): void {
  if (limits === null) return
  const problems = limits.map((types) => problemOfFile(type, { contentType, bytes }, types))
  const [first] = problems
  if (first && !problems.includes(null)) throw new DomainError(first.code, first.detail, { extra: { ...first.extra } })
}

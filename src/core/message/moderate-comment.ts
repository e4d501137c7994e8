import type { CorePorts } from '../../ports/core-ports.ts'
import type { CommentStanding } from '../../ports/send-store.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import { type Actor, by } from '../actor.ts'
import { type ChannelCapabilities, type CommentAction, capabilitiesFor } from '../channel/capabilities.ts'
import { putOff } from '../channel/retry-look-up.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { MessageId, TicketId } from '../ids.ts'
import { storeEvents } from './store-events.ts'

type About = Readonly<{ ticketId: TicketId; messageId: MessageId }>

/**
 * Hides a customer's comment from others, shows it again, or deletes it: on the platform first, then here. What is so already
 * is not asked for again.
 */
export const moderateComment =
  (ports: CorePorts) =>
  async (actor: Actor, about: About, action: CommentAction, signal: AbortSignal): Promise<void> => {
    const { channelAccounts, channelRegistry, clock, unitOfWork, wakeups } = ports
    const comment = await unitOfWork.run(actor.orgId, ({ sends }) => sends.standing(about.ticketId, about.messageId))
    if (comment === null) throw new NotFound('message')
    const account = await channelAccounts.load(actor.orgId, comment.channelId)
    const adapter = account && channelRegistry.get(account.type)
    if (!account || !adapter)
      throw new DomainError('channel-disconnected', 'The channel of this ticket is disconnected.')
    refuseUnlessPossible(comment, adapter.capabilities, account.settings, action)
    if (isSo(comment, action)) return
    const answer = adapter.comments && (await adapter.comments.moderate(comment.externalId, action, account, signal))
    if (answer) await putOff(ports, account, answer, 1)
    // Gone is what a deletion comes to, also one whose answer was lost.
    const isDone = answer?.status === 'done' || (answer?.status === 'gone' && action === 'DELETE')
    if (!isDone) throw refusal(answer ?? { detail: 'It has no such call.' })

    const record = ({ audit }: Stores) =>
      audit.record({
        ...by(actor),
        action: RECORDED[action],
        resourceType: 'message',
        resourceId: about.messageId,
      })
    const member = { type: 'MEMBER', id: actor.memberId } as const
    if (action === 'DELETE') {
      // As if its author had taken it back: its words go everywhere.
      const event = { type: 'unsend', externalId: comment.externalId, at: clock.now() } as const
      const delivery = { id: null, verified: true, requestId: actor.requestId }
      const into = { ports, channel: { id: comment.channelId, orgId: actor.orgId }, adapter }
      await storeEvents(into, [{ event, delivery }], { actor: member, alongside: record })
    } else {
      const hidden = action === 'HIDE'
      await unitOfWork.run(actor.orgId, async (stores) => {
        if (!(await stores.sends.setHidden(about.messageId, hidden))) return
        await stores.outbox.append([
          {
            type: 'message.edited',
            actor: member,
            resource: { type: 'message', id: about.messageId },
            ticketId: about.ticketId,
            data: { hidden },
            requestId: actor.requestId,
          },
        ])
        await record(stores)
      })
    }
    wakeups.wake('events-written')
  }

const RECORDED = { HIDE: 'comment.hidden', UNHIDE: 'comment.shown', DELETE: 'comment.deleted' } as const

const isSo = ({ hidden, isDeleted }: CommentStanding, action: CommentAction): boolean =>
  action === 'DELETE' ? isDeleted : !isDeleted && hidden === (action === 'HIDE')

function refuseUnlessPossible(
  { surface, isComment, isLive, isDeleted }: CommentStanding,
  capabilities: ChannelCapabilities,
  settings: Readonly<Record<string, unknown>>,
  action: CommentAction,
): void {
  const { commentActions } = capabilitiesFor(capabilities, surface, settings)
  const what = isComment
    ? isLive
      ? 'a comment under a live broadcast'
      : 'this comment'
    : 'a message that is no comment'
  if (!isComment || isLive || !commentActions.includes(action))
    throw new DomainError('capability-missing', `The channel cannot do this with ${what}.`)
  if (isDeleted && action !== 'DELETE') throw new DomainError('capability-missing', 'The comment was deleted.')
}

const refusal = ({ detail, platformCode = null }: Readonly<{ detail: string; platformCode?: string | null }>) =>
  new DomainError('platform-refused', `The platform did not do it: ${detail}`, { extra: { platformCode } })

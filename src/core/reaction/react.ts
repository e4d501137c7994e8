import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import { capabilitiesFor } from '../channel/capabilities.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { MessageId, TicketId } from '../ids.ts'
import { ContentCheck } from '../message/content-check.ts'
import { checkOpen } from '../ticket/check-open.ts'
import { isSameEmoji, readEmoji } from './emoji.ts'

type About = Readonly<{ ticketId: TicketId; messageId: MessageId }>

/**
 * The account's one reaction to what the customer wrote becomes this emoji, or none: kept as a wish here, told to the platform by
 * a job. What is wished for already changes nothing.
 */
export const react =
  ({ channelRegistry, clock, unitOfWork, wakeups }: CorePorts) =>
  async (actor: Actor, { ticketId, messageId }: About, emoji: string | null): Promise<void> => {
    const isNew = await unitOfWork.run(actor.orgId, async ({ sends, ownReactions, outbox }) => {
      const found = await sends.targetOf(ticketId, messageId)
      const message = await ownReactions.of(ticketId, messageId)
      if (found === null || message === null) throw new NotFound('message')
      const { target } = found
      const adapter = channelRegistry.get(target.channelType)
      if (target.channelStatus === 'DISCONNECTED' || !adapter)
        throw new DomainError('channel-disconnected', 'The channel of this ticket is disconnected.')
      const { reactions } = capabilitiesFor(adapter.capabilities, target.surface, target.settings)
      if (reactions === null || !adapter.signals)
        throw new DomainError(
          'capability-missing',
          target.surface === 'COMMENT' && adapter.capabilities.surfaces.DM.reactions !== null
            ? 'A comment takes no reactions; what the customer writes directly does.'
            : 'The channel has no reactions of agents here.',
        )
      if (message.direction !== 'INBOUND' || message.externalId === null || message.isDeleted)
        throw new DomainError(
          'capability-missing',
          'There are reactions to what the customer wrote and left there only.',
        )
      const wish = emoji === null ? null : allowed(emoji, reactions.emojis)
      const { memberId, requestId } = actor
      const { wanted, shown } = message
      const tell = (about: string | null, status: 'PENDING' | 'SENT') =>
        outbox.append([
          {
            type: wish === null ? 'message.reaction_removed' : 'message.reaction_added',
            actor: { type: 'MEMBER', id: memberId },
            resource: { type: 'message', id: messageId },
            ticketId,
            data: { emoji: about, status },
            requestId,
          },
        ])
      const standing = wanted === null || wanted.isRefused ? shown : wanted.emoji
      if (isSameEmoji(standing, wish)) {
        if (!wanted?.isRefused) return false
        // Back to what the customer sees.
        await ownReactions.forget(messageId)
        await tell(wish ?? wanted.emoji, 'SENT')
        return true
      }
      checkOpen(target, adapter.capabilities, clock.now())
      await ownReactions.want(
        { messageId, channelId: target.channelId },
        { emoji: wish, memberId, requestId, now: clock.now() },
      )
      await tell(wish ?? standing, 'PENDING')
      return true
    })
    if (!isNew) return
    wakeups.wake('jobs', 'reaction')
    wakeups.wake('events-written')
  }

function allowed(text: string, emojis: readonly string[] | null): string {
  const check = new ContentCheck()
  const emoji = readEmoji(text)
  const breach = (detail: string) => check.breach({ code: 'capability-missing', pointer: '/emoji', detail })
  if (emoji === null) breach('It is not one emoji.')
  else if (emojis !== null && !emojis.some((one) => isSameEmoji(one, emoji)))
    breach(`This channel has ${emojis.join(' ')} only.`)
  check.end()
  return emoji as string
}

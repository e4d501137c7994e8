import type { Thread } from '../../core/channel/inbound-event.ts'
import { asShape, readFlag, readText } from '../channel-kit/fields.ts'
import { readUserId } from './ids.ts'
import type { Scope } from './scope.ts'
import type { Message, MessagingItem, Party } from './webhook-payload.ts'

export type Sides =
  | Readonly<{ kind: 'from-customer' | 'from-account'; thread: Thread }>
  /** The account writes to itself: a developer's test that is no conversation with anybody. */
  | Readonly<{ kind: 'self' }>
  | Readonly<{ kind: 'nobody' }>
  | Readonly<{ kind: 'contradiction' }>

/**
 * Who wrote to whom. The account is whichever side is `entry.id`, and only where neither is does `is_echo` decide: it has
 * been seen missing from messages of the account, and a customer made of one's own account would answer itself for ever.
 */
export function sidesOf(item: MessagingItem, scope: Scope): Sides {
  const message = asShape<Message>(item.message)
  const sender = asShape<Party>(item.sender)
  const recipient = asShape<Party>(item.recipient)
  const senderId = readUserId(sender?.id)
  const recipientId = readUserId(recipient?.id)
  const isOwn = (id: string | null) => id !== null && scope.ownIds.has(id)
  if (readFlag(item.is_self) || readFlag(message?.is_self)) return { kind: 'self' }
  if (senderId !== null && (senderId === recipientId || (isOwn(senderId) && isOwn(recipientId))))
    return { kind: 'self' }

  const isEcho = readFlag(message?.is_echo)
  const isOutgoing = isOwn(senderId) || (!isOwn(recipientId) && isEcho)
  if (isEcho && !isOutgoing) return { kind: 'contradiction' }
  const customer = isOutgoing ? recipient : sender
  const externalId = isOutgoing ? recipientId : senderId
  if (externalId === null) return { kind: 'nobody' }
  return {
    kind: isOutgoing ? 'from-account' : 'from-customer',
    thread: {
      surface: 'DM',
      key: externalId,
      person: { externalId, username: readText(customer?.username), name: readText(customer?.name) },
    },
  }
}

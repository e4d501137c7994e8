import { NO_CONTEXT } from '../../core/channel/content.ts'
import type { InboundEvent } from '../../core/channel/inbound-event.ts'
import type { ExternalMessageId, ExternalUserId } from '../../core/ids.ts'
import { derivedId } from '../channel-kit/derived-id.ts'
import { asShape, has, readId, readText } from '../channel-kit/fields.ts'
import { mentionIn, readMessageId, readUserId, userId } from './ids.ts'
import { isMessagingItem, parseMessagingItem } from './parse-messaging.ts'
import { known, type Scope, timeOf, unknown } from './scope.ts'
import type { Change, ChangeValue, CommentAuthor, CommentMedia } from './webhook-payload.ts'

/** `{field, value}`, in `changes[]` or flat on the entry. Also told apart by its keys: field names vary in spelling. */
export function parseChange(change: unknown, scope: Scope): readonly InboundEvent[] {
  const value = asShape<ChangeValue>(asShape<Change>(change)?.value)
  if (value === null) return [unknown('not-an-object', timeOf(scope))]
  if (isMessagingItem(value)) return parseMessagingItem(value, scope)
  if (has(value.from) || has(value.media) || has(value.text)) return [readComment(value, scope)]
  if (METRICS.some((metric) => has(value[metric]))) return [known('story-insights', timeOf(scope))]
  if (has(value.media_id)) return [readMention(value, scope)]
  if (isBareComment(value)) return [readComment(value, scope)]
  return [unknown('unknown-change', timeOf(scope))]
}

const OF_COMMENTS: ReadonlySet<string> = new Set(['id', 'comment_id', 'parent_id', 'from', 'media', 'text'])

/** Nothing but its id was told, and nothing that a comment does not have: somebody has commented, and an agent can look. */
const isBareComment = (value: ChangeValue): boolean =>
  (has(value.id) || has(value.comment_id)) && Object.keys(value).every((key) => OF_COMMENTS.has(key))

/** Which of them a story has differs; without them what is told of it would be taken for a mention. */
const METRICS = [
  'impressions',
  'reach',
  'views',
  'replies',
  'exits',
  'taps_forward',
  'taps_back',
  'swipe_forward',
  'shares',
  'follows',
  'navigation',
  'profile_visits',
  'profile_activity',
  'total_interactions',
] as const

/** A comment carries no time of its own; the entry's is the nearest. */
function readComment(value: ChangeValue, scope: Scope): InboundEvent {
  const at = timeOf(scope)
  const author = asShape<CommentAuthor>(value.from)
  const externalId = readMessageId(value.id) ?? readMessageId(value.comment_id)
  if (externalId === null) return unknown('no-message-id', at)
  const person = commenterOf(author, externalId)
  // The account's own comments and our own replies come back as events. `self_ig_scoped_id` beside an id proves nothing: the
  // dashboard's sample sets it for a stranger. Without an id it is all there is.
  const isOwn = scope.ownIds.has(person) || (!has(author?.id) && has(author?.self_ig_scoped_id))
  const parent = readMessageId(value.parent_id)
  if (isOwn && parent !== null)
    return { type: 'own-comment', at, externalId, under: parent, text: readText(value.text) }
  if (isOwn) return known('own-comment', at)
  const media = asShape<CommentMedia>(value.media)
  // An ad has a copy of the post it was made from; what the account posted, and can be asked about, is the original.
  const mediaId = readId(media?.original_media_id) ?? readId(media?.id)
  const adId = readId(media?.ad_id) ?? readId(value.ad_id)
  const adTitle = readText(media?.ad_title) ?? readText(value.ad_title)
  return {
    type: 'message',
    at,
    thread: {
      surface: 'COMMENT',
      // Comments of whose post nothing is known may be under different ones: each is a conversation with the replies to it.
      key: `${mediaId ?? `comment-${parent ?? externalId}`}:${person}`,
      person: { externalId: person, username: readText(author?.username), name: null },
    },
    externalId,
    kind: 'COMMENT',
    text: readText(value.text),
    attachments: [],
    context: { ...NO_CONTEXT, type: isLive(media) ? 'LIVE_COMMENT' : 'COMMENT', mediaId, adId, adTitle },
    replyToExternalId: parent,
    opensWindow: true,
    referral: null,
  }
}

const isLive = (media: CommentMedia | null): boolean => readText(media?.media_product_type)?.toUpperCase() === 'LIVE'

/**
 * Somebody named the account under a post of their own or of a stranger. Ids only: words and author have to be asked for, and
 * who wrote a comment is not told even then.
 */
function readMention(value: ChangeValue, scope: Scope): InboundEvent {
  const at = timeOf(scope)
  const mediaId = readId(value.media_id)
  const comment = readMessageId(value.comment_id)
  if (mediaId === null) return unknown('no-message-id', at)
  const externalId = comment ?? mentionIn(mediaId)
  const person = userId(derivedId('author-of-mention', [externalId]))
  return {
    type: 'message',
    at,
    thread: { surface: 'MENTION', key: person, person: { externalId: person, username: null, name: null } },
    externalId,
    kind: 'MENTION',
    text: null,
    attachments: [],
    context: { ...NO_CONTEXT, type: 'MENTION', mediaId },
    replyToExternalId: null,
    // Whoever names the account has not written to it.
    opensWindow: false,
    referral: null,
  }
}

/** Now and then the author's id is missing, or the author. What they wrote is somebody's question all the same. */
function commenterOf(author: CommentAuthor | null, comment: ExternalMessageId): ExternalUserId {
  const username = readText(author?.username)
  return (
    readUserId(author?.id) ??
    readUserId(username && `@${username}`) ??
    userId(derivedId('author-of-comment', [comment]))
  )
}

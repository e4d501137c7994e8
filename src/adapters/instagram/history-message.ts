import type { Person } from '../../core/channel/inbound-event.ts'
import type { HistoryMessage, ListedConversation } from '../../ports/channel-adapter.ts'
import { asList, asShape, has, readId, readText, type Shape } from '../channel-kit/fields.ts'
import { eventTime } from '../channel-kit/time.ts'
import { readMessageId, readUserId } from './ids.ts'
import { readContent } from './parse-content.ts'
import type { Message, Party } from './webhook-payload.ts'

/** What a read message needs; asked for by these names. */
export const MESSAGE_FIELDS = 'id,created_time,from,to,message,attachments,shares,story,reply_to,is_unsupported'
export const LISTED_FIELDS = 'id,created_time'

type Listed = Shape<'id' | 'created_time'>
type ReadMessage = Shape<
  'id' | 'created_time' | 'from' | 'to' | 'message' | 'attachments' | 'shares' | 'story' | 'reply_to' | 'is_unsupported'
>
type ReadAttachment = Shape<'id' | 'mime_type' | 'name' | 'file_url' | 'image_data' | 'video_data'>
type ReadShare = Shape<'id' | 'name' | 'link'>
type ReadStory = Shape<'mention' | 'reply_to'>
type Connection = Shape<'data' | 'paging'>
type Conversation = Shape<'id' | 'updated_time' | 'participants' | 'messages'>

export const itemsOf = (connection: unknown): readonly unknown[] => asList(asShape<Connection>(connection)?.data)

/** The platform keeps whole seconds here; null where it tells none that can be. */
export function timeOf(value: unknown): Date | null {
  const now = new Date()
  const at = eventTime([value], now)
  return at === now ? null : at
}

/** Whose the conversation is: the one of two who is not the account. */
export function readConversation(value: unknown, ownIds: ReadonlySet<string>): ListedConversation | null {
  const conversation = asShape<Conversation>(value)
  const externalId = readId(conversation?.id, 512)
  if (conversation === null || externalId === null) return null
  const people = itemsOf(conversation.participants).map(readPerson)
  const others = people.filter((person) => person !== null && !ownIds.has(person.externalId))
  return {
    externalId,
    updatedAt: timeOf(conversation.updated_time),
    person: others.length === 1 && people.length === 2 ? (others[0] ?? null) : null,
    messages: itemsOf(conversation.messages).flatMap((item) => {
      const listed = asShape<Listed>(item)
      const id = readMessageId(listed?.id)
      return id === null ? [] : [{ externalId: id, at: timeOf(listed?.created_time) }]
    }),
  }
}

/** Null where it lacks an id, a time or a customer: then nothing could be made of it. */
export function readMessage(
  value: unknown,
  ownIds: ReadonlySet<string>,
  known: Pick<Person, 'externalId'> | null,
): HistoryMessage | null {
  const message = asShape<ReadMessage>(value)
  const externalId = readMessageId(message?.id)
  const at = timeOf(message?.created_time)
  if (message === null || externalId === null || at === null) return null
  const sides = sidesOf(message, ownIds, known)
  if (sides === null) return null
  return { externalId, at, ...sides, ...readContent(asDelivered(message), at) }
}

/** The account may be called by an id of its app's here; then the conversation's person tells the two apart. */
function sidesOf(
  { from: sender, to }: ReadMessage,
  ownIds: ReadonlySet<string>,
  known: Pick<Person, 'externalId'> | null,
): Pick<HistoryMessage, 'author' | 'person'> | null {
  const from = readPerson(sender)
  const recipients = itemsOf(to).map(readPerson)
  const others = [from, ...recipients].filter((person) => person !== null && !ownIds.has(person.externalId))
  const isOwn = (person: Person | null) => person !== null && ownIds.has(person.externalId)
  if (known !== null) {
    const person = others.find((one) => one?.externalId === known.externalId)
    if (from === null || (person === undefined && !isOwn(from))) return null
    const named = person ?? { externalId: known.externalId, username: null, name: null }
    return { author: from.externalId === known.externalId ? 'CUSTOMER' : 'ACCOUNT', person: named }
  }
  const person = others[0]
  if (others.length !== 1 || !person) return null
  if (isOwn(from)) return { author: 'ACCOUNT', person }
  return person === from && recipients.some(isOwn) ? { author: 'CUSTOMER', person } : null
}

function readPerson(value: unknown): Person | null {
  const party = asShape<Party>(value)
  const externalId = readUserId(party?.id)
  return externalId === null ? null : { externalId, username: readText(party?.username), name: readText(party?.name) }
}

/** The same message as its webhook would have had it, so that both are read by the same rules. */
function asDelivered(message: ReadMessage): Message {
  const story = asShape<ReadStory>(message.story)
  const mention = asShape<ReadShare>(story?.mention)
  const answered = asShape<ReadShare>(story?.reply_to)
  const replyTo = asShape<Shape<'mid' | 'id'>>(message.reply_to)
  return {
    text: message.message,
    is_unsupported: message.is_unsupported,
    attachments: [
      ...itemsOf(message.attachments).map(deliveredAttachment),
      ...itemsOf(message.shares).map((share) => deliveredShare(asShape<ReadShare>(share) ?? {})),
      ...(mention === null ? [] : [{ type: 'story_mention', payload: { url: mention.link, id: mention.id } }]),
    ],
    ...(answered === null
      ? replyTo === null
        ? {}
        : { reply_to: { mid: replyTo.mid ?? replyTo.id } }
      : { reply_to: { story: { id: answered.id, url: answered.link } } }),
  }
}

function deliveredAttachment(value: unknown): object {
  const attachment = asShape<ReadAttachment>(value) ?? {}
  const urlIn = (data: unknown) => {
    const { url, preview_url } = asShape<Shape<'url' | 'preview_url'>>(data) ?? {}
    return url ?? preview_url
  }
  const title = attachment.name
  if (has(attachment.image_data)) return { type: 'image', title, payload: { url: urlIn(attachment.image_data) } }
  if (has(attachment.video_data)) return { type: 'video', title, payload: { url: urlIn(attachment.video_data) } }
  return { type: typeOf(readText(attachment.mime_type)), title, payload: { url: attachment.file_url } }
}

const typeOf = (mime: string | null): string => /^(image|video|audio)(?=\/)/.exec(mime ?? '')?.[1] ?? 'file'

const deliveredShare = ({ id, name, link }: ReadShare): object => ({
  type: 'share',
  payload: { id, title: name, url: link },
})

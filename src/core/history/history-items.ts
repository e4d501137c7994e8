import type { HistoryMessage } from '../../ports/channel-adapter.ts'
import type { InboundEvent, Thread } from '../channel/inbound-event.ts'
import type { IngestItem } from '../message/ingest.ts'
import { type WindowRules, windowOf } from '../ticket/window.ts'

/** What is older than this when it is read is no news, even where it should have come by webhook. */
const NEWS_MS = 24 * 3_600_000

type About = Readonly<{ connectedAt: Date; now: Date; requestId: string } & WindowRules>

export type HistoryItems = Readonly<{
  /** Written before the account was connected, or too long ago to be news. */
  past: readonly IngestItem[]
  /** Written since, and not delivered (yet): as if a webhook had brought it. */
  news: readonly IngestItem[]
}>

/** One conversation's messages as the events that webhooks would have made of them. */
export function historyItems(messages: readonly HistoryMessage[], about: About): HistoryItems {
  const { connectedAt, now, requestId } = about
  const newest = messages.reduce<HistoryMessage | null>((last, one) => (last && last.at >= one.at ? last : one), null)
  const isPast = ({ at }: HistoryMessage) => at < connectedAt || at.getTime() < now.getTime() - NEWS_MS
  const item = (message: HistoryMessage): IngestItem => ({
    event: eventOf(message),
    delivery: { id: null, verified: true, requestId },
    awaitsAnswer: message === newest && isUnanswered(message, about),
  })
  return {
    past: messages.filter(isPast).map(item),
    news: messages.filter((message) => !isPast(message)).map(item),
  }
}

/** The customer has the last word, and may still be answered. */
function isUnanswered({ author, at }: HistoryMessage, { replyWindow, settings, now }: About): boolean {
  const window = windowOf({ surface: 'DM', openedAt: at, reason: null }, { replyWindow, settings }, now)
  return author === 'CUSTOMER' && window?.state !== 'CLOSED'
}

function eventOf({ author, person, ...said }: HistoryMessage): InboundEvent {
  const thread: Thread = { surface: 'DM', key: person.externalId, person }
  return author === 'ACCOUNT'
    ? { type: 'echo', thread, via: 'PLATFORM_APP', ...said }
    : { type: 'message', thread, opensWindow: true, referral: null, ...said }
}

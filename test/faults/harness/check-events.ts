import type { Report } from './checker.ts'
import { type Facts, repeated } from './facts.ts'
import type { FeedRecord } from './history.ts'
import type { StoredEvent } from './snapshot.ts'

/** I4: what happened and the event that tells of it are there together; numbers have no gap. */
export function checkEvents({ snapshot, history }: Facts, report: Report): void {
  const { messages, notifications, events } = snapshot
  const told = Map.groupBy(events, ({ type, resourceId }) => `${type} ${resourceId}`)
  const tellsOnce = (type: string, id: string, orgId: string) => {
    const those = told.get(`${type} ${id}`) ?? []
    if (those.length === 0) report('I4', 'lost', `no ${type} tells of ${id}`)
    if (those.length > 1) report('I2', 'duplicated', `${those.length} events ${type} tell of ${id}`, those.length - 1)
    if (those.some((event) => event.orgId !== orgId))
      report('I7', 'unexpected', `a ${type} about ${id} is in a strange organization`)
  }
  for (const { id, orgId, historical } of messages) if (!historical) tellsOnce('message.created', id, orgId)
  for (const { id, orgId, messageId } of notifications) {
    if (messageId !== null) tellsOnce('notification.created', id, orgId)
  }
  const present = new Set(messages.map(({ id }) => id))
  for (const { type, resourceId } of events) {
    // An echo that was taken for somebody else's message is put right by deleting that.
    if (type !== 'message.created' || present.has(resourceId) || told.has(`message.deleted ${resourceId}`)) continue
    report('I4', 'lost', `an event tells of the message ${resourceId}, which is not there`)
  }
  const read = new Set(history.feeds.map(({ orgId }) => orgId))
  for (const { id, type, seq, orgId } of events) {
    // Where somebody reads, it is missing there.
    if (seq === null && !read.has(orgId)) report('I8', 'stuck', `the event ${id} (${type}) has no number`)
  }
  for (const [orgId, those] of Map.groupBy(events, (event) => event.orgId)) {
    const numbers = those.flatMap(({ seq }) => (seq === null ? [] : [seq]))
    const newest = numbers.reduce((most, seq) => Math.max(most, seq), 0)
    if (numbers.length > 0 && newest !== numbers.length)
      report('I4', 'unexpected', `${orgId} has ${numbers.length} numbered events, the last of them is ${newest}`)
  }
}

/** A reader with a cursor hears of everything, once and in order, and of nothing else. */
export function checkFeeds({ snapshot, history }: Facts, report: Report): void {
  const ofOrg = Map.groupBy(snapshot.events, ({ orgId }) => orgId)
  for (const feed of history.feeds) {
    const heard = new Set(feed.events.map(({ id }) => id))
    for (const event of ofOrg.get(feed.orgId) ?? []) {
      if (isFor(feed, event) && !heard.has(event.publicId))
        report('I4', 'lost', `a reader was never told of the event ${event.id} (${event.type})`)
    }
    for (const [id, count] of repeated(feed.events, (event) => event.id))
      report('I2', 'duplicated', `a reader was told of the event ${id} ${count} times`, count - 1)
    feed.events.forEach(({ id, seq, orgId }, index) => {
      const before = feed.events[index - 1]
      if (orgId !== feed.orgId)
        report('I7', 'unexpected', `a reader of ${feed.orgId} was told of ${orgId}'s event ${id}`)
      else if (before && before.seq > seq) report('I3', 'reordered', `a reader was told of ${seq} after ${before.seq}`)
    })
  }
}

const isFor = ({ after, memberId }: FeedRecord, { seq, recipientId }: StoredEvent): boolean =>
  (seq === null || seq > after) && (recipientId === null || recipientId === memberId)

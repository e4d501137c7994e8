import { setTimeout as sleep } from 'node:timers/promises'
import type { InboxClient } from '../../support/inbox-client.ts'
import type { FeedEvent, Recorder } from './history.ts'

type EventPage = Readonly<{
  data: readonly (Omit<FeedEvent, 'at'> & Readonly<{ occurredAt: string }>)[]
  page: Readonly<{ nextCursor: string; hasMore: boolean }>
}>

export type FeedReader = Readonly<{
  /** Resolves when the last request has ended. */
  stop(): Promise<void>
}>

/**
 * Follows an organization's events from the beginning as a system without a stream does: by asking for what came behind the last
 * one, again and again, whatever fails meanwhile. What it was told is in the recorder.
 */
export function startFeedReader(
  recorder: Recorder,
  client: InboxClient,
  { everyMs = 200, memberId = null }: Readonly<{ everyMs?: number; memberId?: string | null }> = {},
): FeedReader {
  const feed = recorder.feed(client.orgId, memberId, 0)
  let after: string | number = feed.after
  let stopped = false
  const follow = async (): Promise<void> => {
    while (!stopped) {
      const { exchange, body } = await recorder.call<EventPage>(client, 'GET', `/events?limit=100&after=${after}`)
      if (exchange.status === 200 && body) {
        for (const { id, seq, orgId, type, occurredAt } of body.data)
          feed.events.push({ id, seq, orgId, type, at: new Date(occurredAt) })
        after = body.page.nextCursor
        if (body.page.hasMore) continue
      }
      await sleep(everyMs)
    }
  }
  const following = follow()
  return {
    async stop() {
      stopped = true
      await following
    },
  }
}

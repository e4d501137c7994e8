import type { ChannelId, ConversationId } from '../../../core/ids.ts'
import type { AskedMedia } from '../../../ports/channel-adapter.ts'
import type { IntakeStore } from '../../../ports/intake-store.ts'
import type { JobQueueName } from '../../../ports/job-queue.ts'
import type { Tx } from '../transaction.ts'
import { applyEdits, applyProven, applyUnsends, buryTombstones } from './change-messages.ts'
import { deriveTickets } from './derive-tickets.ts'
import { forgetWords, keepEarly, keepReactions, settleEarly } from './early-facts.ts'
import { erasedAmong } from './erasure-marks.ts'
import { answeredUnder, inFlightOf, publicInFlightOf } from './in-flight.ts'
import type { StoreDeps } from './index.ts'
import { insertMessages, insertNotifications, insertTickets } from './insert-messages.ts'
import { insertRows } from './insert-rows.ts'
import {
  activeMembers,
  admit,
  dated,
  joinedOf,
  knownMessages,
  lockConversations,
  ticketsOf,
  unseenIn,
} from './load-intake.ts'
import { moveLastSeen, moveWindows, setConversationFacts, setStatuses } from './move-forward.ts'
import { openConversations } from './open-conversations.ts'
import { keepOptIns, knownOptIns } from './opt-ins.ts'
import { bytea, keepRaw, quarantine, redactRaw, takenBack } from './raw-events.ts'

/** Batches: every method takes a handful of statements, whatever the number of events. */
export const createIntakeStore = (tx: Tx, { ids, secretBox }: StoreDeps): IntakeStore => ({
  async admit(request, named) {
    const spokenOf = await admit(tx, request)
    return { spokenOf, erased: await erasedAmong(tx, secretBox, request.channelId, named) }
  },

  async open(request, { spokenOf }) {
    const { conversationIds, newCustomers } = await openConversations(tx, ids, request.channelId, request)
    const answered = await answeredUnder(tx, request)
    const own = await lockConversations(tx, [
      ...new Set<ConversationId>([...conversationIds, ...spokenOf, ...answered]),
    ])
    const joined = await joinedOf(
      tx,
      own.flatMap(({ id, surface }) => (surface === 'DM' ? [id] : [])),
    )
    // Of the same customers, who are locked already: nobody who waits for these holds what we want.
    const others = new Set(joined.values()).difference(new Set(own.map(({ id }) => id)))
    const locked = [...own, ...(await lockConversations(tx, [...others]))]
    const tickets = await ticketsOf(
      tx,
      locked.map(({ id }) => id),
    )
    const inFlight = request.withInFlight
      ? await inFlightOf(tx, [...new Set(locked.map((row) => row.customer_id))])
      : new Map()
    const publicInFlight = await publicInFlightOf(tx, answered)
    const known = await knownMessages(tx, request)
    const isSeen = request.withUnseen || [...known.early.values()].some(({ isRead }) => isRead)
    const unseen = isSeen
      ? await unseenIn(
          tx,
          locked.map(({ id }) => id),
        )
      : new Map()
    return {
      memberIds: await activeMembers(tx),
      newCustomers,
      conversations: locked.map((row) => ({
        id: row.id,
        customerId: row.customer_id,
        surface: row.surface,
        key: row.external_key,
        person: row.person,
        windowOpenedAt: row.window_opened_at,
        readUntil: row.read_until,
        firstReferral: dated(row.first_referral),
        lastReferral: dated(row.last_referral),
        threadOwner: dated(row.thread_owner),
        unseen: unseen.get(row.id) ?? [],
        open: tickets.get(row.id)?.open ?? null,
        newestResolved: tickets.get(row.id)?.newestResolved ?? null,
        joined: joined.get(row.id) ?? null,
        inFlight: inFlight.get(row.customer_id) ?? [],
        publicInFlight: publicInFlight.get(row.id) ?? [],
      })),
      optIns: await knownOptIns(tx, request),
      ...known,
    }
  },

  async save(channelId, changes, now) {
    // Rows that are locked already come first; the organization's ticket counter, which everybody wants, comes last.
    await moveWindows(tx, changes.windows)
    await moveLastSeen(tx, changes)
    await setConversationFacts(tx, changes.conversations)
    await setStatuses(tx, changes.ticketStatuses)
    await keepOptIns(tx, channelId, changes.optIns)
    const media = await mediaToAsk(tx, channelId, changes.media, now)
    await insertTickets(tx, channelId, changes.tickets)
    await insertMessages(tx, ids, channelId, changes.messages)
    await applyProven(tx, changes.proven, now)
    await applyEdits(tx, changes.edits)
    await keepReactions(tx, channelId, changes.reactions)
    await settleEarly(tx, channelId, changes.settled)
    await keepEarly(tx, channelId, changes)
    await applyUnsends(
      tx,
      changes.unsends.map(({ part: { messageId, partId, isOurs }, at }) => ({ messageId, partId, isOurs, at })),
    )
    await forgetWords(
      tx,
      channelId,
      changes.tombstones.map(({ externalId }) => externalId),
    )
    await buryTombstones(tx, channelId, changes.tombstones)
    await insertNotifications(tx, changes.notifications)
    await deriveTickets(tx, changes.touched, now)
    const job = (queue: JobQueueName, payload: object) => ({
      id: ids.next(),
      queue,
      payload: bytea(Buffer.from(JSON.stringify({ orgId: tx.orgId, channelId, ...payload }))),
    })
    const jobs = [
      ...changes.lookUps.map((lookUp) => job('profile-lookup', lookUp)),
      ...media.map((asked) => job('media-lookup', asked)),
      ...changes.mentions.map((mention) => job('mention-lookup', mention)),
    ]
    await insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, jobs)
    await insertRows(
      tx,
      'jobs',
      { id: 'uuid', queue: 'text', payload: 'bytea', run_at: 'timestamptz' },
      changes.announced.map((announced) => ({
        ...job('message-lookup', announced),
        run_at: new Date(now.getTime() + ASK_FOR_MESSAGE_AFTER_MS),
      })),
    )
    return { jobs: jobs.length }
  },

  keepRaw: (shares) => keepRaw(tx, shares),
  redactRaw: (channelId, externalIds, redact) => redactRaw(tx, channelId, externalIds, redact),
  takenBack: (channelId, words) => takenBack(tx, channelId, words),
  erasedAmong: (channelId, named) => erasedAmong(tx, secretBox, channelId, named),
  quarantine: (entries) => quarantine(tx, ids, entries),

  async count(channelId, { unroutable, unknown, quarantined, lastInboundAt }) {
    await tx.affected(
      `update channel_health set unroutable = unroutable + $3, unknown = unknown + $4, quarantined = quarantined + $5,
         last_inbound_at = greatest(last_inbound_at, $6::timestamptz) where org_id = $1 and channel_id = $2`,
      [tx.orgId, channelId, unroutable, unknown, quarantined, lastInboundAt],
    )
  },
})

/** Nearly all that are announced come by themselves, in the same delivery or the next. */
const ASK_FOR_MESSAGE_AFTER_MS = 15_000

/** How long an answer is good for: thumbnails are links that stop working after days. */
const ASK_AGAIN_MS = 24 * 3_600_000

/** Those that were not asked about lately. */
async function mediaToAsk(
  tx: Tx,
  channelId: ChannelId,
  media: readonly AskedMedia[],
  now: Date,
): Promise<readonly AskedMedia[]> {
  if (media.length === 0) return []
  const rows = await tx.rows<{ media_id: string }>(
    `insert into media (org_id, channel_id, media_id, asked_at) select $1, $2, unnest($3::text[]), $4
     on conflict (org_id, channel_id, media_id) do update set asked_at = $4 where media.asked_at < $5 returning media_id`,
    [tx.orgId, channelId, media.map(({ mediaId }) => mediaId).sort(), now, new Date(now.getTime() - ASK_AGAIN_MS)],
  )
  const due = new Set(rows.map(({ media_id }) => media_id))
  return media.filter(({ mediaId }) => due.has(mediaId))
}

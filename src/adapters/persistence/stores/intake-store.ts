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

/** Batches: every method waits a few times, whatever the number of events. */
export const createIntakeStore = (tx: Tx, { ids, secretBox }: StoreDeps): IntakeStore => ({
  admit: (request, named, now) => admit(tx, secretBox, request, named, now),

  async open(request, { spokenOf, threads }) {
    const { channelId } = request
    const { conversationIds, newCustomers } = await openConversations(tx, ids, channelId, request, threads)
    const answered = await answeredUnder(tx, request)
    const asked = [...new Set<ConversationId>([...conversationIds, ...spokenOf, ...answered])]
    // What is sent behind the locks finds what whoever had them before has left.
    const [own, inFlight, publicInFlight, known, ownTickets, joined, memberIds, optIns] = await Promise.all([
      lockConversations(tx, asked),
      // Ahead of the known messages: a send of another conversation of theirs, which is not locked, may end in between.
      request.withInFlight ? inFlightOf(tx, asked) : new Map(),
      publicInFlightOf(tx, answered),
      knownMessages(tx, request),
      ticketsOf(tx, asked),
      joinedOf(tx, asked),
      activeMembers(tx),
      knownOptIns(tx, request),
    ])
    // Of the same customers, who are locked already: nobody who waits for these holds what we want.
    const otherIds = [...new Set(joined.values()).difference(new Set(own.map(({ id }) => id)))]
    const [others, otherTickets] = await Promise.all([lockConversations(tx, otherIds), ticketsOf(tx, otherIds)])
    const locked = [...own, ...others]
    const tickets = new Map([...ownTickets, ...otherTickets])
    const isSeen = request.withUnseen || [...known.early.values()].some(({ isRead }) => isRead)
    const unseen = isSeen
      ? await unseenIn(
          tx,
          locked.map(({ id }) => id),
        )
      : new Map()
    return {
      memberIds,
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
      optIns,
      ...known,
    }
  },

  async save(channelId, changes, now) {
    // Rows that are locked already come first; the organization's ticket counter, which everybody wants, comes last.
    moveWindows(tx, changes.windows)
    moveLastSeen(tx, changes)
    setConversationFacts(tx, changes.conversations)
    setStatuses(tx, changes.ticketStatuses)
    keepOptIns(tx, channelId, changes.optIns)
    const media = await mediaToAsk(tx, channelId, changes.media, now)
    await insertTickets(tx, channelId, changes.tickets)
    insertMessages(tx, ids, channelId, changes.messages)
    await applyProven(tx, changes.proven, now)
    await applyEdits(tx, changes.edits)
    keepReactions(tx, channelId, changes.reactions)
    settleEarly(tx, channelId, changes.settled)
    keepEarly(tx, channelId, changes)
    await applyUnsends(
      tx,
      changes.unsends.map(({ part: { messageId, partId, isOurs }, at }) => ({ messageId, partId, isOurs, at })),
    )
    forgetWords(
      tx,
      channelId,
      changes.tombstones.map(({ externalId }) => externalId),
    )
    buryTombstones(tx, channelId, changes.tombstones)
    insertNotifications(tx, changes.notifications)
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
    insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, jobs)
    insertRows(
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

  keepRaw: async (shares) => keepRaw(tx, shares),
  redactRaw: (channelId, externalIds, redact) => redactRaw(tx, channelId, externalIds, redact),
  takenBack: (channelId, words) => takenBack(tx, channelId, words),
  erasedAmong: (channelId, named) => erasedAmong(tx, secretBox, channelId, named),
  quarantine: async (entries) => quarantine(tx, ids, entries),

  async count(channelId, { unroutable, unknown, quarantined, lastInboundAt }) {
    tx.write(
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

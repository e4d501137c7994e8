import type { CorePorts } from '../../ports/core-ports.ts'
import type { ExportTurn } from '../../ports/export-store.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { ExportFailure, ExportView } from '../../ports/views.ts'
import { type Actor, by } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { CustomerId, ExportId, OrgId, TicketId } from '../ids.ts'
import { inChunks } from '../upload/in-chunks.ts'
import { DOCUMENT_TAIL, documentHead, messageText, TICKET_TAIL, ticketHead } from './export-document.ts'

const DAY_MS = 24 * 3_600_000
/** What one export has in memory besides a page of messages, and one row of the database. */
export const EXPORT_CHUNK_BYTES = 256 * 1024
/** Some hundred thousand messages. A choice of this product. */
export const MAX_EXPORT_BYTES = 64 * 1024 ** 2
/** How long a file can be fetched. */
export const EXPORT_KEPT_MS = 7 * DAY_MS
/** One that is not ready by then never will be: its job is dead. */
export const STALLED_MS = DAY_MS
const PAGE = 100

/**
 * Asks for a file with what is kept of a customer, to be written in the background. Asked again meanwhile it answers the same one.
 * `count` is asked for each that would be made, and for nothing else: where it throws there is none.
 */
export const exportCustomer =
  ({ clock, ids, queries, unitOfWork, wakeups }: CorePorts) =>
  async (actor: Actor, customerId: CustomerId, count: () => Promise<void>): Promise<ExportView> => {
    const { orgId } = actor
    let isCounted = false
    const id = await unitOfWork.run(orgId, async ({ exports, audit }) => {
      const now = clock.now()
      const stalled = new Date(now.getTime() - STALLED_MS)
      const asked = await exports.request(customerId, { id: ids.next() as ExportId, now, stalled })
      if (!asked.isNew) return asked.id
      // Whoever asks at the same time waits for this one, and is not counted. The transaction may have to begin anew.
      if (!isCounted) await count()
      isCounted = true
      await audit.record({
        ...by(actor),
        action: 'customer.export-requested',
        ...{ resourceType: 'customer', resourceId: customerId },
      })
      return asked.id
    })
    wakeups.wake('jobs')
    const view = await queries.customerExport(orgId, id)
    if (view === null) throw new NotFound('export')
    return view
  }

/**
 * Somebody fetches the file, which is in the audit log; whoever only looks what they would be handed out is not. Throws
 * `export-not-ready`, `export-failed` or `export-expired`.
 */
export const fetchExport =
  ({ queries, unitOfWork }: CorePorts) =>
  async (actor: Actor, id: ExportId, only: 'look' | null = null): Promise<ExportView> => {
    const { orgId } = actor
    const view = await queries.customerExport(orgId, id)
    if (view === null) throw new NotFound('export')
    if (view.state === 'EXPIRED') throw new DomainError('export-expired', 'The file is gone. Ask for another one.')
    if (view.state === 'PENDING') throw new DomainError('export-not-ready', 'The file is being written.')
    if (view.state === 'FAILED')
      throw new DomainError('export-failed', `There is no file, and there will be none: ${view.failure}.`)
    if (only === 'look') return view
    await unitOfWork.run(orgId, ({ audit }) =>
      audit.record({
        ...by(actor),
        action: 'customer.export-fetched',
        ...{ resourceType: 'customer', resourceId: view.customerId },
      }),
    )
    return view
  }

export type ExportJob = Readonly<{ orgId: OrgId; exportId: ExportId }>

/** Fewer than a job may have: the export has to say that it failed. */
const MAX_ATTEMPTS = 8
/** How soon to begin anew where something was taken back meanwhile. */
const AGAIN_MS = 1_000

/**
 * Writes the whole file anew in each turn, piece by piece, so that a process that dies leaves nothing but what the next turn takes
 * away. Nobody reads it before it is whole.
 */
export const continueExport =
  (ports: CorePorts) =>
  async ({ orgId, exportId }: ExportJob, attempt: number): Promise<JobOutcome> => {
    const { clock, log, unitOfWork } = ports
    const stalledAt = new Date(clock.now().getTime() + STALLED_MS)
    const turn = await unitOfWork.run(orgId, ({ exports }) => exports.begin(exportId, stalledAt))
    if (turn === null) return { status: 'done' }
    try {
      const outcome = await writeFile(ports, orgId, turn)
      if (outcome === 'overtaken')
        return { status: 'wait', afterMs: AGAIN_MS, reason: 'something was taken back, or somebody else writes' }
      if (outcome !== 'ready') await give(outcome)
      return { status: 'done' }
    } catch (error) {
      if (attempt < MAX_ATTEMPTS) throw error
      log.error({ err: error, orgId, exportId }, 'an export was given up')
      await give('gave-up')
      return { status: 'done' }
    }

    async function give(failure: ExportFailure): Promise<void> {
      await unitOfWork.run(orgId, ({ exports }) => exports.fail(turn as ExportTurn, failure, clock.now()))
      log.info({ orgId, exportId, failure }, 'an export has failed')
    }
  }

type Counts = { tickets: number; messages: number }

async function writeFile(
  ports: CorePorts,
  orgId: OrgId,
  turn: ExportTurn,
): Promise<'ready' | 'overtaken' | Extract<ExportFailure, 'too-large'>> {
  const { clock, log, unitOfWork, wakeups } = ports
  const counts: Counts = { tickets: 0, messages: 0 }
  let [position, bytes] = [0, 0]
  for await (const chunk of inChunks(documentOf(ports, orgId, turn.customerId, counts), EXPORT_CHUNK_BYTES)) {
    bytes += chunk.length
    if (bytes > MAX_EXPORT_BYTES) return 'too-large'
    const at = position++
    if (!(await unitOfWork.run(orgId, ({ exports }) => exports.append(turn, at, chunk)))) return 'overtaken'
  }
  const now = clock.now()
  const until = new Date(now.getTime() + EXPORT_KEPT_MS)
  const isReady = await unitOfWork.run(orgId, async (stores) => {
    if (!(await stores.exports.finish(turn, counts, { now, until }))) return false
    await tell(stores, turn.customerId)
    return true
  })
  if (!isReady) return 'overtaken'
  wakeups.wake('events-written')
  log.info({ orgId, exportId: turn.id, customerId: turn.customerId, ...counts, bytes }, 'a customer was exported')
  return 'ready'
}

async function tell({ audit, outbox }: Pick<Stores, 'audit' | 'outbox'>, customerId: CustomerId): Promise<void> {
  const about = { resourceType: 'customer', resourceId: customerId } as const
  await audit.record({ actorType: 'SYSTEM', actorId: null, action: 'customer.exported', ...about, requestId: null })
  await outbox.append([
    {
      type: 'customer.exported',
      actor: { type: 'SYSTEM', id: null },
      resource: { type: 'customer', id: customerId },
      ...{ ticketId: null, requestId: null },
    },
  ])
}

/** Ticket by ticket, a page of messages at a time, each read as screens read it: of one organization and this customer's tickets. */
async function* documentOf(
  ports: CorePorts,
  orgId: OrgId,
  customerId: CustomerId,
  counts: Counts,
): AsyncGenerator<Uint8Array> {
  const { clock, queries, unitOfWork } = ports
  const customer = await queries.customer(orgId, customerId)
  // Erased meanwhile: the first piece finds that it is not wanted any more.
  if (customer === null) return yield Buffer.from('{}')
  const identities = await unitOfWork.run(orgId, ({ exports }) => exports.identities(customerId))
  yield Buffer.from(documentHead({ orgId, customer, identities, at: clock.now() }))
  for (let after: TicketId | null = null; ; ) {
    const from: TicketId | null = after
    const ticketIds: readonly TicketId[] = await unitOfWork.run(orgId, ({ exports }) =>
      exports.tickets(customerId, from),
    )
    for (const ticketId of ticketIds) yield* ticketOf(ports, orgId, { ticketId, customerId }, counts)
    after = ticketIds.at(-1) ?? null
    if (after === null) break
  }
  yield Buffer.from(DOCUMENT_TAIL)
}

async function* ticketOf(
  { queries, unitOfWork }: CorePorts,
  orgId: OrgId,
  { ticketId, customerId }: Readonly<{ ticketId: TicketId; customerId: CustomerId }>,
  counts: Counts,
): AsyncGenerator<Uint8Array> {
  const ticket = await queries.ticket(orgId, ticketId)
  if (ticket === null) return
  yield Buffer.from(`${counts.tickets++ === 0 ? '' : ','}\n${ticketHead(ticket)}`)
  let said = 0
  for (let after: Parameters<typeof queries.messages>[3]['after'] = null; ; ) {
    const page = await queries.messages(orgId, ticketId, 'asc', { limit: PAGE, after })
    const messages = page?.data ?? []
    const answered = messages.flatMap(({ replyToExternalId }) => replyToExternalId ?? [])
    const own = await unitOfWork.run(orgId, ({ exports }) => exports.own(customerId, answered))
    yield Buffer.from(messages.map((message) => `${said++ === 0 ? '' : ','}\n${messageText(message, own)}`).join(''))
    if (!page?.next) break
    after = page.next
  }
  counts.messages += said
  yield Buffer.from(TICKET_TAIL)
}

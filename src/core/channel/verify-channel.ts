import type { ConnectionCheck } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelView, TicketView } from '../../ports/views.ts'
import type { Actor } from '../actor.ts'
import { NotFound } from '../errors.ts'
import type { ChannelId } from '../ids.ts'
import { loseAuthorization } from './authorization.ts'
import { meetDemands } from './pauses.ts'

export type ChannelVerification = Readonly<{
  channelId: ChannelId
  checkedAt: Date
  checks: readonly ConnectionCheck[]
}>

/** All calls to the platform together. */
const WITHIN_MS = 20_000

/**
 * The connection doctor: asks the platform what it knows of the connection, adds what was seen here, and says what to do. A
 * dead token found on the way has its usual consequence.
 */
export const verifyChannel =
  (ports: CorePorts) =>
  async (actor: Actor, channelId: ChannelId): Promise<ChannelVerification> => {
    const { channelAccounts, channelRegistry, clock, queries, unitOfWork, wakeups } = ports
    const account = await channelAccounts.load(actor.orgId, channelId)
    if (account === null) throw new NotFound('channel')
    const doctor = channelRegistry.get(account.type)?.doctor
    const { missingPermissions = null } = (await queries.channel(actor.orgId, channelId))?.health ?? {}
    const found = await doctor?.examine({ ...account, missingPermissions }, AbortSignal.timeout(WITHIN_MS))
    await meetDemands(ports, account, found?.demands)
    const now = clock.now()
    if (found?.reauthorize) {
      const { alert } = found.reauthorize
      const isNew = await unitOfWork.run(actor.orgId, (stores) =>
        loseAuthorization(stores, account, { alert, requestId: actor.requestId, now }),
      )
      if (isNew) wakeups.wake('events-written')
    }
    const missing = found?.missingPermissions ?? null
    if (found?.checks.some(({ name, ok }) => name === 'token' && ok)) {
      await unitOfWork.run(actor.orgId, async ({ channels, tokens }) => {
        // It was the token of then that the platform took.
        if ((await channels.get(channelId)).version !== account.version) return
        if (missing !== null) await tokens.lacks(channelId, missing)
        await tokens.prove(channelId, now)
      })
    }
    const view = await queries.channel(actor.orgId, channelId)
    if (view === null) throw new NotFound('channel')
    const newest = await queries.tickets(actor.orgId, { channelId }, { limit: 1, after: null })
    const checks = [...(found?.checks ?? []).map(beingMended(view)), lastEvent(view, now)]
    // One with pasted credentials may belong to an app that nobody has told us of.
    const ownApps = view.isBound ? (doctor?.ownApps ?? []) : []
    return { channelId, checkedAt: now, checks: doctor ? [...checks, threadOwner(newest.data[0], ownApps)] : checks }
  }

/** A subscription that was never made is made by a job. */
const beingMended =
  ({ health: { subscribingSince } }: ChannelView) =>
  (check: ConnectionCheck): ConnectionCheck => {
    if (check.name !== 'subscription' || check.ok !== false || subscribingSince === null) return check
    const fix = `It is asked for again by itself since ${subscribingSince.toISOString()}. If it stays so, connect the account again.`
    return { ...check, fix }
  }

/** A quiet account has none for days; a broken connection has none for weeks. */
const SILENT_AFTER_DAYS = 7
const DAY_MS = 24 * 3_600_000
const WRITE_TO_IT =
  'Write to the account from another one; if nothing comes, check the callback URL and the fields of the app.'

function lastEvent({ health: { lastInboundAt, badSignatures } }: ChannelView, now: Date): ConnectionCheck {
  const counted = badSignatures === 1 ? 'One delivery was' : `${badSignatures} deliveries were`
  const refused = badSignatures === 0 ? '' : ` ${counted} refused for their signature.`
  if (lastInboundAt === null) {
    return {
      name: 'last-event',
      ok: badSignatures === 0 ? null : false,
      detail: `No event has come yet.${refused}`,
      fix: badSignatures === 0 ? WRITE_TO_IT : 'Give the channel the secret of the very app that signs its webhooks.',
    }
  }
  const days = Math.floor((now.getTime() - lastInboundAt.getTime()) / DAY_MS)
  if (days >= SILENT_AFTER_DAYS) {
    const detail = `The last event came at ${lastInboundAt.toISOString()}, ${days} days ago.${refused}`
    return { name: 'last-event', ok: null, detail, fix: WRITE_TO_IT }
  }
  return {
    name: 'last-event',
    ok: true,
    detail: `The last event came at ${lastInboundAt.toISOString()}.${refused}`,
    fix: null,
  }
}

function threadOwner(ticket: TicketView | undefined, ownApps: readonly string[]): ConnectionCheck {
  const name = 'thread-owner'
  const owner = ticket?.threadOwner ?? null
  if (owner === null) {
    return { name, ok: null, detail: 'The platform has not told which app has the newest conversation.', fix: null }
  }
  const since = owner.since.toISOString()
  const isOurs = owner.appId !== null && ownApps.includes(owner.appId)
  // Where nobody has control the next event decides, and where our own app is not known it may be ours.
  const ok = isOurs ? true : owner.appId === null || ownApps.length === 0 ? null : false
  return {
    name,
    ok,
    detail: `Of the newest conversation ${owner.appId === null ? 'no app' : `the app ${owner.appId}`} has control since ${since}.`,
    fix: isOurs ? null : TAKE_IT_BACK,
  }
}

const TAKE_IT_BACK =
  'If that is not your app, make it the default app for messages, or have the other one pass conversations on.'

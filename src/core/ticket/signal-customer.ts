import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import { capabilitiesFor } from '../channel/capabilities.ts'
import { meetDemands } from '../channel/pauses.ts'
import { putOff, waitOf } from '../channel/retry-look-up.ts'
import { DomainError } from '../errors.ts'
import type { TicketId } from '../ids.ts'
import { meetingPlaceOf } from '../message/reply-place.ts'
import { failureOf } from '../message/send-outcome.ts'
import { checkOpen } from './check-open.ts'

export type TicketSignal = Readonly<{ type: 'TYPING'; on: boolean }> | Readonly<{ type: 'SEEN' }>

/**
 * Shows the customer that somebody writes, or that what they wrote was seen: now or not at all, since a moment later it would say
 * something else. Where the account's rate is used up by replies, typing is left out.
 */
export const signalCustomer =
  (ports: CorePorts) =>
  async (actor: Actor, ticketId: TicketId, shown: TicketSignal, abort: AbortSignal): Promise<void> => {
    const { channelAccounts, channelRegistry, clock, unitOfWork } = ports
    const target = meetingPlaceOf(await unitOfWork.run(actor.orgId, ({ sends }) => sends.target(ticketId, 'PRIVATE')))
    const account = await channelAccounts.load(actor.orgId, target.channelId)
    const adapter = account && channelRegistry.get(account.type)
    if (!account || !adapter)
      throw new DomainError('channel-disconnected', 'The channel of this ticket is disconnected.')
    const { typing, seen } = capabilitiesFor(adapter.capabilities, target.surface, account.settings)
    if (!adapter.signals || !(shown.type === 'TYPING' ? typing : seen))
      throw new DomainError('capability-missing', 'The channel cannot show the customer that here.')
    if (account.status === 'PAUSED') throw new DomainError('channel-paused', 'The channel of this ticket is paused.')
    checkOpen(target, adapter.capabilities, clock.now())
    const wait = waitOf(account, clock.now())
    if (wait && 'reason' in wait) throw refusal(wait.reason)
    if (!(await hasRoom(ports, account, adapter))) {
      if (shown.type === 'TYPING') return
      throw refusal('the account’s rate is used up at the moment')
    }
    const answer = await adapter.signals.send(shown, target.person, account, abort, actor.requestId)
    if (answer.status === 'done' || answer.status === 'refused') await meetDemands(ports, account, answer.demands)
    else await putOff(ports, account, answer, 1)
    if (answer.status === 'done') return
    if (answer.status === 'refused') throw refusal(sentence(answer.code), answer.platformCode)
    throw refusal(answer.status === 'reauthorize' ? sentence('credentials-rejected') : answer.detail)
  }

const sentence = (code: Parameters<typeof failureOf>[0]): string => {
  const { title, detail } = failureOf(code)
  return `${title}. ${detail}`
}

const refusal = (detail: string, platformCode: string | null = null) =>
  new DomainError('platform-refused', `The platform did not do it: ${detail}`, { extra: { platformCode } })

async function hasRoom(
  { unitOfWork }: CorePorts,
  { orgId, channelId, settings }: LoadedAccount,
  { pacing }: ChannelAdapter,
): Promise<boolean> {
  const rate = pacing?.('text', settings) ?? null
  if (rate === null) return true
  return (await unitOfWork.run(orgId, ({ pace }) => pace.take(channelId, 'text', rate, { reserve: false }))) === 0
}

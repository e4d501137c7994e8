import type { CorePorts } from '../../ports/core-ports.ts'
import type { AppDelivery, RawDelivery } from '../../ports/webhook-intake.ts'
import type { ExternalAccountId, RawEventId } from '../ids.ts'

type Ports = Pick<
  CorePorts,
  'channelRegistry' | 'ids' | 'installationCounters' | 'intake' | 'log' | 'unreadableBodies'
> &
  Readonly<{ accountBindings: Pick<CorePorts['accountBindings'], 'find'> }>

/**
 * Parts bodies that came for a whole app by account, before anything of them is stored under an organization: each share goes
 * on as a delivery of the one channel that is bound to its account, and durably, before this resolves. What is nobody's is
 * counted; what cannot be read is put aside for the operator. A repeat gives the same shares the same ids, and whoever has a
 * share already takes no notice.
 */
export const routeAppDeliveries =
  ({ accountBindings, channelRegistry, ids, installationCounters, intake, log, unreadableBodies }: Ports) =>
  async (batch: readonly AppDelivery[]): Promise<void> => {
    const [first] = batch
    if (!first) return
    const split = channelRegistry.get(first.channelType)?.parser.split
    if (!split) throw new Error(`No adapter splits what comes for an app of type ${first.channelType}.`)
    const parted = batch.map((delivery) => ({ delivery, result: split(delivery.body) }))
    const shares = parted.flatMap(({ delivery, result }) =>
      result.readable ? result.shares.map((share) => ({ delivery, ...share })) : [],
    )
    const accounts = new Set<ExternalAccountId>(shares.map(({ account }) => account))
    const bound = await accountBindings.find(first.channelType, [...accounts])
    const encoder = new TextEncoder()
    const own = shares.flatMap(({ delivery, account, body }): readonly RawDelivery[] => {
      const channel = bound.get(account)
      if (!channel) return []
      const { id, receivedAt, requestId } = delivery
      // By account, not channel: a body that names an account by two ids has two shares of one channel.
      const shareId = ids.derive(id, `${channel.channelId} ${account}`) as RawEventId
      return [{ id: shareId, ...channel, body: encoder.encode(body), verified: true, receivedAt, requestId }]
    })
    await Promise.all(own.map((share) => intake.accept(share)))
    const unknown = shares.reduce((sum, { account, entries }) => sum + (bound.has(account) ? 0 : entries), 0)
    if (unknown > 0) installationCounters.count('unknown-account', unknown)
    log.debug({ bodies: batch.length, shares: own.length, unknown }, 'bodies for a whole app were split')

    const unreadable = parted.flatMap(({ delivery, result }) =>
      result.readable ? [] : [{ delivery, reason: result.reason }],
    )
    if (unreadable.length === 0) return
    // Nobody's, so no organization can keep it; and trying again would not make it readable.
    await Promise.all(unreadable.map(({ delivery, reason }) => unreadableBodies.keep(delivery, reason)))
    installationCounters.count('unreadable-body', unreadable.length)
    const about = unreadable.map(({ delivery: { id, requestId }, reason }) => ({ rawEventId: id, requestId, reason }))
    log.error({ unreadable: about }, 'signed bodies for a whole app cannot be read, and were put aside')
  }

import type { CorePorts } from '../../ports/core-ports.ts'
import type { AppDelivery, RawDelivery } from '../../ports/webhook-intake.ts'
import type { ExternalAccountId, RawEventId } from '../ids.ts'
import { handOver } from './claim-entries.ts'
import { keepUnclaimed } from './keep-unclaimed.ts'

type Ports = Pick<
  CorePorts,
  'channelRegistry' | 'ids' | 'installationCounters' | 'intake' | 'log' | 'unclaimedEntries' | 'unreadableBodies'
> &
  Readonly<{ accountBindings: Pick<CorePorts['accountBindings'], 'find'> }>

/**
 * Parts bodies that came for a whole app by account, before anything of them is stored under an organization: each share goes
 * on as a delivery of the one channel that is bound to its account, and durably, before this resolves. What is nobody's is
 * counted, and kept until somebody connects its account or its time is over; what cannot be read is put aside for the operator.
 * A repeat gives the same shares the same ids, and whoever has a share already takes no notice.
 */
export const routeAppDeliveries =
  (ports: Ports) =>
  async (batch: readonly AppDelivery[]): Promise<void> => {
    const { accountBindings, channelRegistry, ids, installationCounters, intake, log, unreadableBodies } = ports
    const [first] = batch
    if (!first) return
    const type = first.channelType
    const adapter = channelRegistry.get(type)
    const split = adapter?.parser.split
    if (!adapter || !split) throw new Error(`No adapter splits what comes for an app of type ${type}.`)
    const parted = batch.map((delivery) => ({ delivery, result: split(delivery.body) }))
    const shares = parted.flatMap(({ delivery, result }) =>
      result.readable ? result.shares.map((share) => ({ delivery, ...share })) : [],
    )
    const accounts = new Set<ExternalAccountId>(shares.map(({ account }) => account))
    const bound = await accountBindings.find(type, [...accounts])
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
    const strays = shares.filter(({ account }) => !bound.has(account))
    if (strays.length > 0) {
      await keepUnclaimed(
        ports,
        adapter,
        strays.map(({ body, ...stray }) => ({ ...stray, body: encoder.encode(body) })),
      )
      // Whoever was bound before they were kept did not find them; whoever is bound later does.
      await handOver(ports, { type, accounts: [...new Set(strays.map(({ account }) => account))] })
    }
    const unknown = strays.reduce((sum, { entries }) => sum + entries, 0)
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

import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import { Unavailable } from '../errors.ts'
import type { ExternalAccountId } from '../ids.ts'

export type ClaimJob = Readonly<{ type: string; accounts: readonly ExternalAccountId[] }>

/** A body may have 3 MB. */
const AT_ONCE = 20
const WAIT_MS = 2_000

type Ports = Pick<CorePorts, 'intake' | 'log' | 'unclaimedEntries'> &
  Readonly<{ accountBindings: Pick<CorePorts['accountBindings'], 'find'> }>

/**
 * Hands what was kept of accounts to the channels that are bound to them now, the way that what just came takes. An entry is
 * forgotten once it is durable there, under an id that a repeat has too.
 */
export async function handOver(
  { accountBindings, intake, log, unclaimedEntries }: Ports,
  { type, accounts }: ClaimJob,
): Promise<void> {
  for (;;) {
    // Each time: it may be let go, or moved, while this goes on.
    const bound = await accountBindings.find(type, accounts)
    const entries = bound.size === 0 ? [] : await unclaimedEntries.next(type, [...bound.keys()], AT_ONCE)
    if (entries.length === 0) return
    await Promise.all(
      entries.map(async ({ account, ...entry }) => {
        const channel = bound.get(account)
        if (channel) await intake.accept({ ...entry, ...channel, verified: true })
      }),
    )
    await unclaimedEntries.forget(entries.map(({ id }) => id))
    log.info({ entries: entries.length }, 'entries that came before their account was connected were handed over')
  }
}

/** The job that each binding brings. */
export const claimEntries =
  (ports: Ports) =>
  async (job: ClaimJob): Promise<JobOutcome> => {
    try {
      await handOver(ports, job)
      return { status: 'done' }
    } catch (error) {
      // For as long as it takes: given up, the entries would be lost to their channel.
      if (error instanceof Unavailable) return { status: 'wait', afterMs: WAIT_MS, reason: 'nowhere to hand it to' }
      throw error
    }
  }

import type { LoadedAccount } from '../../ports/channel-directory.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { Delivery } from './delivery.ts'
import { healthChanged } from './health-changed.ts'

/** Calls in a row without any answer after which an account is left alone. */
export const UNANSWERED_AT_MOST = 5
const FIRST_ALONE_MS = 2_000
/** Whatever was wrong: what waits goes on within a minute after it is over. */
export const LONGEST_ALONE_MS = 30_000

/** The account is left alone, and this is the one call that is made all the same. */
export const isTrial = ({ unanswered }: Pick<LoadedAccount, 'unanswered'>): boolean => unanswered >= UNANSWERED_AT_MOST

/** How long an account is left alone after so many; doubles with each trial. Not all that fail together come back together. */
export function aloneMs(unanswered: number, random: number): number {
  const most = Math.min(LONGEST_ALONE_MS, FIRST_ALONE_MS * 2 ** (unanswered - UNANSWERED_AT_MOST))
  return most * (0.75 + random / 4)
}

/**
 * Calls that nobody answers hold a worker for as long as a call may take: after some in a row the account is left alone for a
 * while, then one call is made, and whatever answer that gets lets all go on. Readers of the channel are told of both.
 */
export async function noteAnswer(
  { channels, outbox }: Pick<Stores, 'channels' | 'outbox'>,
  account: LoadedAccount,
  delivery: Delivery,
  requestId: string | null,
  now: Date,
): Promise<void> {
  const { channelId } = account
  if (!delivery.unanswered) {
    // As it was when it was loaded: nobody is asked of accounts that are well.
    if (account.unanswered === 0 || (await channels.forgetUnanswered(channelId)) < UNANSWERED_AT_MOST) return
    await outbox.append([healthChanged(channelId, { pauseReason: null, pausedUntil: null }, requestId)])
    return
  }
  const inRow = await channels.countUnanswered(channelId, isTrial(account))
  if (inRow === null || inRow < UNANSWERED_AT_MOST) return
  const until = new Date(now.getTime() + aloneMs(inRow, Math.random()))
  await channels.leaveAlone(channelId, until)
  if (inRow > UNANSWERED_AT_MOST) return
  const data = { pauseReason: 'unreachable', pausedUntil: until.toISOString() }
  await outbox.append([healthChanged(channelId, data, requestId)])
}

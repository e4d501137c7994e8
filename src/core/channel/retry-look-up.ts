import type { JobOutcome } from '../../ports/job-queue.ts'

const MAX_ATTEMPTS = 8
const FIRST_RETRY_MS = 2_000

/** A look-up that the platform put off: as late as it asked, else later each time, and no more after about ten minutes. */
export const retryLookUp = (
  { afterMs, detail }: Readonly<{ afterMs: number | null; detail: string }>,
  attempt: number,
): JobOutcome =>
  attempt >= MAX_ATTEMPTS
    ? { status: 'dead', reason: detail }
    : { status: 'retry', afterMs: afterMs ?? FIRST_RETRY_MS * 2 ** attempt, reason: detail }

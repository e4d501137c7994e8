import test from 'ava'
import fc from 'fast-check'
import { type ReactionJob, showReaction } from '../../src/core/reaction/show-reaction.ts'
import type { CorePorts } from '../../src/ports/core-ports.ts'
import type { OwnReactionStore, WantedReaction } from '../../src/ports/own-reaction-store.ts'

const job = { orgId: 'org', channelId: 'channel', messageId: 'message' } as unknown as ReactionJob

/** A wish in memory, and a platform whose calls arrive and are answered whenever the schedule says. */
function stage(schedule: fc.Scheduler) {
  const state = { emoji: null as string | null, revision: 0, status: 'SENT', onPhone: null as string | null, calls: 0 }
  const ownReactions: Pick<OwnReactionStore, 'pending' | 'settle'> = {
    pending: async () =>
      state.status === 'PENDING'
        ? ({
            messageId: job.messageId,
            emoji: state.emoji,
            revision: state.revision,
            surface: 'DM',
            window: {},
          } as WantedReaction)
        : null,
    settle: async ({ revision }) => {
      if (revision !== state.revision) state.status = 'PENDING'
      if (revision !== state.revision || state.status !== 'PENDING') return false
      state.status = 'SENT'
      return true
    },
  }
  const signals = {
    send: async ({ emoji }: { emoji: string | null }) => {
      await schedule.schedule(Promise.resolve(), 'arrives')
      state.calls += 1
      state.onPhone = emoji
      await schedule.schedule(Promise.resolve(), 'is answered')
      return { status: 'done' }
    },
  }
  const ports = {
    channelAccounts: {
      load: async () => ({ type: 'X', status: 'ACTIVE', pause: null, settings: {}, orgId: job.orgId }),
    },
    channelRegistry: { get: () => ({ signals, capabilities: { replyWindow: null } }) },
    clock: { now: () => new Date() },
    log: { warn: () => {} },
    unitOfWork: {
      run: async (_org: unknown, work: (stores: unknown) => unknown) =>
        work({ ownReactions, outbox: { append: async () => {} } }),
    },
    wakeups: { wake: () => {} },
  } as unknown as CorePorts
  const want = (emoji: string | null) => {
    Object.assign(state, { emoji, revision: state.revision + 1, status: 'PENDING' })
    return showReaction(ports)(job, 1, new AbortController().signal)
  }
  return { state, want }
}

test('the customer ends up with the last wish, in whichever order the calls of several jobs arrive and are answered', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('❤️', '😂', '🎉', null), { minLength: 1, maxLength: 5 }),
      async (schedule, wishes) => {
        const { state, want } = stage(schedule)
        const jobs: Promise<unknown>[] = []
        const sequence = schedule.scheduleSequence(wishes.map((emoji) => async () => void jobs.push(want(emoji))))
        await schedule.waitFor(sequence.task.then(() => Promise.all(jobs)))
        return state.onPhone === wishes.at(-1) && state.status === 'SENT'
      },
    ),
    { numRuns: 500 },
  )
  t.pass()
})

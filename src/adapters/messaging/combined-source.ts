import { Unavailable } from '../../core/errors.ts'
import type { WebhookSource } from '../../ports/webhook-intake.ts'
import { withinDeadline } from './deadline.ts'

const ADMITTED_WITHIN_MS = 20_000
const HANDLED_WITHIN_MS = 30_000

/** What a source has to allow a batch, so that the time for its place and its work comes first. */
export const sourceDeadlineMs = (handledWithinMs: number): number => ADMITTED_WITHIN_MS + handledWithinMs + 5_000

type Waiting = Readonly<{ channel: string; enter: () => void; refuse: (error: unknown) => void }>

/** Drains all of them at once, the broker and the spool, with `concurrency` batches altogether and a channel once at a time. */
export function createCombinedSource(
  sources: readonly WebhookSource[],
  { handledWithinMs = HANDLED_WITHIN_MS } = {},
): WebhookSource {
  let queue: Waiting[] = []
  let stopping = false

  return {
    async start(handle, { concurrency, handleForApp, handleGivenUp }) {
      const busy = new Set<string>()
      stopping = false
      const admit = (): void => {
        while (busy.size < concurrency) {
          const index = queue.findIndex(({ channel }) => !busy.has(channel))
          const [next] = index === -1 ? [] : queue.splice(index, 1)
          if (next === undefined) return
          busy.add(next.channel)
          next.enter()
        }
      }
      const admitted = async (channel: string): Promise<void> => {
        const turn = Promise.withResolvers<void>()
        const waiting: Waiting = { channel, enter: turn.resolve, refuse: turn.reject }
        queue.push(waiting)
        admit()
        const timer = setTimeout(() => {
          queue = queue.filter((other) => other !== waiting)
          turn.reject(new Unavailable('all places are taken'))
        }, ADMITTED_WITHIN_MS)
        await turn.promise.finally(() => clearTimeout(timer))
      }
      const inTurn = async (channel: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
        // For a source this is like a server that is away: the batch goes back as it is.
        if (stopping) throw new Unavailable('stopping')
        await admitted(channel)
        try {
          // A hanging one must not keep its place for ever.
          await withinDeadline(handledWithinMs, work)
        } finally {
          busy.delete(channel)
          admit()
        }
      }
      for (const source of sources) {
        await source.start((batch) => inTurn(batch[0]?.channelId ?? '', (signal) => handle(batch, signal)), {
          concurrency,
          ...(handleGivenUp && { handleGivenUp }),
          ...(handleForApp && {
            handleForApp: (batch) => inTurn(batch[0]?.channelType ?? '', () => handleForApp(batch)),
          }),
        })
      }
    },

    async stop() {
      stopping = true
      for (const { refuse } of queue) refuse(new Unavailable('stopping'))
      queue = []
      await Promise.all(sources.map((source) => source.stop()))
    },
  }
}

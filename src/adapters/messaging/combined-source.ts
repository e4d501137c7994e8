import { Unavailable } from '../../core/errors.ts'
import type { WebhookSource } from '../../ports/webhook-intake.ts'
import { withinDeadline } from './deadline.ts'

const ADMITTED_WITHIN_MS = 20_000
const HANDLED_WITHIN_MS = 30_000

/** What a source has to allow a batch, so that the time for its place and its work comes first. */
export const sourceDeadlineMs = (handledWithinMs: number): number => ADMITTED_WITHIN_MS + handledWithinMs + 5_000

/** `owner`: the organization, or `app` for bodies that are nobody's before they are split. */
type Place = Readonly<{ owner: string; channel: string }>
type Waiting = Place & Readonly<{ enter: () => void; refuse: (error: unknown) => void }>

/**
 * Drains all of them at once, the broker and the spool, with `concurrency` batches altogether and a channel once at a time. A free place
 * is for whoever has the fewest, and of those for whoever waits longest.
 */
export function createCombinedSource(
  sources: readonly WebhookSource[],
  { handledWithinMs = HANDLED_WITHIN_MS } = {},
): WebhookSource {
  let queue: Waiting[] = []
  let stopping = false

  return {
    async start(handle, { concurrency, handleForApp, handleGivenUp }) {
      const busy = new Map<string, Place>()
      stopping = false
      const nextInTurn = (): Waiting | undefined => {
        const placesOf = (owner: string) =>
          busy.values().reduce((sum, place) => sum + (place.owner === owner ? 1 : 0), 0)
        let next: Waiting | undefined
        let least = Number.POSITIVE_INFINITY
        for (const waiting of queue) {
          const places = placesOf(waiting.owner)
          if (busy.has(waiting.channel) || places >= least) continue
          next = waiting
          least = places
        }
        return next
      }
      const admit = (): void => {
        while (busy.size < concurrency) {
          const next = nextInTurn()
          if (next === undefined) return
          queue = queue.filter((other) => other !== next)
          busy.set(next.channel, next)
          next.enter()
        }
      }
      const admitted = async (place: Place): Promise<void> => {
        const turn = Promise.withResolvers<void>()
        const waiting: Waiting = { ...place, enter: turn.resolve, refuse: turn.reject }
        queue.push(waiting)
        admit()
        const timer = setTimeout(() => {
          queue = queue.filter((other) => other !== waiting)
          turn.reject(new Unavailable('all places are taken'))
        }, ADMITTED_WITHIN_MS)
        await turn.promise.finally(() => clearTimeout(timer))
      }
      const inTurn = async (place: Place, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
        // For a source this is like a server that is away: the batch goes back as it is.
        if (stopping) throw new Unavailable('stopping')
        await admitted(place)
        try {
          // A hanging one must not keep its place for ever.
          await withinDeadline(handledWithinMs, work)
        } finally {
          busy.delete(place.channel)
          admit()
        }
      }
      for (const source of sources) {
        await source.start(
          (batch) => inTurn(placeOf(batch[0]?.orgId, batch[0]?.channelId), (signal) => handle(batch, signal)),
          {
            concurrency,
            ...(handleGivenUp && { handleGivenUp }),
            ...(handleForApp && {
              handleForApp: (batch) => inTurn(placeOf('app', batch[0]?.channelType), () => handleForApp(batch)),
            }),
          },
        )
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

const placeOf = (owner = '', channel = ''): Place => ({ owner, channel })

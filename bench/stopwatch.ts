import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDatabase, SentMessage } from './database.ts'
import { newMessageId, signedDirectMessage } from './direct-messages.ts'
import { post } from './ingest/deliver.ts'
import type { Shop } from './seed.ts'

const LOOKS_EVERY_MS = 5

/** Posts messages of customers, and finds out how long after the beginning of its POST each can be read. */
export type Stopwatch = Readonly<{
  send(shop: Shop, person: string): void
  /** Waits for those that are under way. Milliseconds, in the order in which they were seen. */
  stop(): Promise<readonly number[]>
}>

export function startStopwatch(database: BenchDatabase, url: string): Stopwatch {
  const agent = new Agent({ keepAlive: true })
  const underWay = new Map<string, SentMessage & { sentAt: number }>()
  const tookMs: number[] = []
  let stopping = false
  let failure: unknown

  const look = async (): Promise<void> => {
    while (failure === undefined && (!stopping || underWay.size > 0)) {
      if (underWay.size > 0) {
        const seen = await database.readable([...underWay.values()])
        const at = performance.now()
        for (const id of seen) {
          tookMs.push(at - (underWay.get(id)?.sentAt ?? at))
          underWay.delete(id)
        }
      }
      await sleep(LOOKS_EVERY_MS)
    }
  }
  const fail = (error: unknown): void => {
    failure ??= error
  }
  const looking = look().catch(fail)

  return {
    send({ orgId, channelId, ...shop }, person) {
      const messageId = newMessageId()
      const delivery = signedDirectMessage({ orgId, channelId, ...shop }, person, new Date(), messageId)
      underWay.set(messageId, { orgId, channelId, messageId, sentAt: performance.now() })
      post(agent, url, delivery).catch(fail)
    },
    async stop() {
      stopping = true
      await looking
      agent.destroy()
      if (failure !== undefined) throw failure
      return tookMs
    },
  }
}

import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import { createClient } from 'redis'
import type { Logger } from '../../ports/logger.ts'
import type { SessionRecords } from '../../ports/session-records.ts'

export type RedisConnection = Readonly<{
  client: RedisClient
  /** Rejects while Redis does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}>

type RedisClient = ReturnType<typeof newClient>

// With the defaults a request waits in a queue for as long as Redis is away; here it fails at once.
const newClient = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true,
    // A connection that the network swallowed is noticed and made anew.
    pingInterval: 2_000,
    socket: {
      connectTimeout: 1_000,
      socketTimeout: 5_000,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2_000),
    },
  })

/** Connects in the background and for ever: Redis may come and go. */
export function connectRedis(url: string, log: Logger): RedisConnection {
  const client = newClient(url)
  let isAway = false
  client.on('error', (error: unknown) => {
    if (!isAway) log.warn({ err: error }, 'Redis is away: sessions answer 503 until it is back')
    isAway = true
  })
  client.on('ready', () => {
    if (isAway) log.info({}, 'Redis is back')
    isAway = false
  })
  client.connect().catch(() => {}) // told by the error event
  return {
    client,
    async ping() {
      await client.ping()
    },
    async close() {
      if (client.isReady) await client.close()
      else client.destroy()
    },
  }
}

export function createRedisSessions({ client }: RedisConnection, prefix = 'delightchat:session:'): SessionRecords {
  const store = new RedisStore({ client, prefix, disableTouch: true })
  return {
    get: (idHash) => store.get(idHash),
    // The time to live comes from the cookie inside the data.
    set: (idHash, data) => store.set(idHash, data as unknown as SessionData),
    destroy: (idHash) => store.destroy(idHash),
  }
}

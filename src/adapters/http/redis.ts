import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import { createClient } from 'redis'
import type { Logger } from '../../ports/logger.ts'
import type { SessionRecord, SessionRecords } from '../../ports/session-records.ts'

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

/**
 * Beside each session lies when it was last used, and for each person the set of theirs. A member of that set may be of a session
 * that has ended: it goes when somebody looks.
 */
export function createRedisSessions({ client }: RedisConnection, prefix = 'delightchat:session:'): SessionRecords {
  const store = new RedisStore({ client, prefix, disableTouch: true })
  const usedAtOf = (idHash: string): string => `${prefix}used:${idHash}`
  const allOf = (userId: string): string => `${prefix}of:${userId}`
  const dateOf = (text: string | null | undefined): Date | null => (text ? new Date(text) : null)
  return {
    async get(idHash) {
      const [data, usedAt] = await Promise.all([store.get(idHash), client.get(usedAtOf(idHash))])
      return data ? { idHash, data, usedAt: dateOf(usedAt) } : null
    },
    async set(idHash, data, expiresAt, userId) {
      // The time to live comes from the cookie inside the data.
      await store.set(idHash, data as unknown as SessionData)
      if (userId === null || expiresAt <= new Date()) return
      const all = allOf(userId)
      // It lasts as long as the longest of them: the first gives it an end, a later one puts it off.
      await client.multi().sAdd(all, idHash).expireAt(all, expiresAt, 'NX').expireAt(all, expiresAt, 'GT').exec()
    },
    async touch(idHash, usedAt) {
      const leftMs = await client.pTTL(`${prefix}${idHash}`)
      if (leftMs > 0)
        await client.set(usedAtOf(idHash), usedAt.toISOString(), { expiration: { type: 'PX', value: leftMs } })
    },
    async destroy(idHash) {
      await store.destroy(idHash)
      await client.del(usedAtOf(idHash))
    },
    async ofUser(userId) {
      const hashes = await client.sMembers(allOf(userId))
      if (hashes.length === 0) return []
      const [texts, used] = await Promise.all([
        client.mGet(hashes.map((idHash) => `${prefix}${idHash}`)),
        client.mGet(hashes.map(usedAtOf)),
      ])
      const ended = hashes.filter((_, at) => texts[at] === null)
      if (ended.length > 0) await client.sRem(allOf(userId), ended)
      return hashes.flatMap((idHash, at): SessionRecord[] => {
        const text = texts[at]
        return text ? [{ idHash, data: JSON.parse(text), usedAt: dateOf(used[at]) }] : []
      })
    },
  }
}

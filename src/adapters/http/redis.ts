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

/** Keys: the one that goes and its use, the next and its use, the person's set. */
const MOVE = `
local used = redis.call('GET', KEYS[2])
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], ARGV[1], 'PXAT', ARGV[2])
if used then redis.call('SET', KEYS[4], used, 'PXAT', ARGV[2]) end
redis.call('SADD', KEYS[5], ARGV[3])
redis.call('PEXPIREAT', KEYS[5], ARGV[2], 'NX')
redis.call('PEXPIREAT', KEYS[5], ARGV[2], 'GT')
return 1`

/** Id, data and use of each in a person's set, one after another; those that have ended leave it. */
const LIST = `
local found = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local data = redis.call('GET', ARGV[1] .. id)
  if data then
    table.insert(found, id)
    table.insert(found, data)
    table.insert(found, redis.call('GET', ARGV[2] .. id) or '')
  else
    redis.call('SREM', KEYS[1], id)
  end
end
return found`

/**
 * Beside each session lies when it was last used, and for each person the set of theirs. A member of that set may be of a session
 * that has ended: it goes when somebody looks.
 */
export function createRedisSessions({ client }: RedisConnection, prefix = 'delightchat:session:'): SessionRecords {
  const store = new RedisStore({ client, prefix, disableTouch: true })
  const keyOf = (idHash: string): string => `${prefix}${idHash}`
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
      const leftMs = await client.pTTL(keyOf(idHash))
      if (leftMs > 0)
        await client.set(usedAtOf(idHash), usedAt.toISOString(), { expiration: { type: 'PX', value: leftMs } })
    },
    async destroy(idHash) {
      const ended = await client.del(keyOf(idHash))
      await client.del(usedAtOf(idHash))
      return ended === 1
    },
    async move(idHash, next) {
      const keys = [
        ...[keyOf(idHash), usedAtOf(idHash)],
        ...[keyOf(next.idHash), usedAtOf(next.idHash)],
        allOf(next.userId),
      ]
      const expiresAtMs = String(next.expiresAt.getTime())
      return (await client.eval(MOVE, { keys, arguments: [JSON.stringify(next.data), expiresAtMs, next.idHash] })) === 1
    },
    async ofUser(userId) {
      // In one step: one that moves meanwhile is found where it was or where it is.
      const flat = (await client.eval(LIST, {
        keys: [allOf(userId)],
        arguments: [keyOf(''), usedAtOf('')],
      })) as readonly string[]
      return Array.from({ length: flat.length / 3 }, (_, at): SessionRecord => {
        const [idHash, data, used] = flat.slice(at * 3, at * 3 + 3) as [string, string, string]
        return { idHash, data: JSON.parse(data), usedAt: dateOf(used) }
      })
    },
  }
}

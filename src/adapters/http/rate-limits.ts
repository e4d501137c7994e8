import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { inTime } from './in-time.ts'
import type { RedisConnection } from './redis.ts'

export type RateLimits = Readonly<{
  /** Counts an attempt to sign in: how many seconds to wait, 0 to go on. */
  takeLogin(email: string, ip: string): Promise<number>
  /** It was the right password: what was counted against this address is forgotten. */
  forgiveLogin(email: string, ip: string): Promise<void>
  /** Counts a token of a link that was shown. */
  takeLink(ip: string): Promise<number>
  /** It was a right one. */
  forgiveLink(ip: string): Promise<void>
  /** Counts an invitation of the organization. */
  takeInvitation(orgId: string): Promise<number>
}>

const WINDOW_SECONDS = 600
const PER_ADDRESS_AND_NETWORK = 10
const PER_NETWORK = 100
/** Each may be a letter to somebody who did not ask for one. */
const INVITATIONS_OF_ORGANIZATION = 30
/** Redis that takes longer is away. */
const TIMEOUT_MS = 1_000

/** Counts in Redis where there is one, so that processes count together; in this process where there is none or it is away. */
export function createRateLimits(redis: RedisConnection | null, prefix = 'delightchat:limit'): RateLimits {
  const both = createLimiter('login', PER_ADDRESS_AND_NETWORK, redis, prefix)
  const network = createLimiter('login-network', PER_NETWORK, redis, prefix)
  const links = createLimiter('link-network', PER_NETWORK, redis, prefix)
  const invitations = createLimiter('invitation', INVITATIONS_OF_ORGANIZATION, redis, prefix)
  return {
    async takeLogin(email, ip) {
      const waits = [await both.take(keyOf(email, ip)), await network.take(networkOf(ip))]
      return Math.max(...waits)
    },
    async forgiveLogin(email, ip) {
      await both.with((limiter) => limiter.delete(keyOf(email, ip)))
      await network.with((limiter) => limiter.reward(networkOf(ip)))
    },
    takeLink: (ip) => links.take(networkOf(ip)),
    forgiveLink: (ip) => links.with((limiter) => limiter.reward(networkOf(ip))),
    takeInvitation: (orgId) => invitations.take(orgId),
  }
}

type Limiter = Readonly<{
  /** Seconds to wait, 0 to go on. Counted before the password is looked at, so that a burst in parallel counts too. */
  take(key: string): Promise<number>
  with(work: (limiter: RateLimiterAbstract) => Promise<unknown>): Promise<void>
}>

function createLimiter(name: string, points: number, redis: RedisConnection | null, prefix: string): Limiter {
  const options = { keyPrefix: `${prefix}:${name}`, points, duration: WINDOW_SECONDS }
  const own = new RateLimiterMemory(options)
  const shared =
    redis &&
    new RateLimiterRedis({ ...options, storeClient: redis.client, useRedisPackage: true, rejectIfRedisNotReady: true })

  const consume = async (limiter: RateLimiterAbstract, key: string): Promise<number> => {
    try {
      await inTime(limiter.consume(key), TIMEOUT_MS)
      return 0
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
    }
  }
  return {
    take: (key) => (shared ? consume(shared, key).catch(() => consume(own, key)) : consume(own, key)),
    async with(work) {
      if (shared) await inTime(work(shared), TIMEOUT_MS).catch(() => work(own))
      else await work(own)
    },
  }
}

/** One person's spellings of an address count together; hashed, so that the limiter's store holds no addresses. */
const keyOf = (email: string, ip: string): string =>
  createHash('sha256')
    .update(`${email.normalize('NFKC').trim().toLowerCase()} ${networkOf(ip)}`)
    .digest('hex')

/** An IPv6 caller has a whole /64 to itself. */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped) return mapped[1]!
  if (!isIPv6(ip)) return ip
  const [head = '', tail] = ip.split('%', 1)[0]!.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''))
  return `${groups.join(':')}::/64`
}

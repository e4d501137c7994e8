import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { inTime } from './in-time.ts'
import type { RedisConnection } from './redis.ts'

/** Each counts once and answers the limit that is nearest to its end. */
export type RateLimits = Readonly<{
  /** Counts an attempt to sign in. */
  takeLogin(email: string, ip: string): Promise<Taken>
  /** It was the right password: what was counted against this address is forgotten. */
  forgiveLogin(email: string, ip: string): Promise<void>
  /** Counts a token of a link that was shown. */
  takeLink(ip: string): Promise<Taken>
  /** It was a right one. */
  forgiveLink(ip: string): Promise<void>
  /** Counts a letter for a new password that was asked for, whether or not somebody has the address. */
  takeReset(email: string, ip: string): Promise<Taken>
  /** Counts an invitation of the organization. */
  takeInvitation(orgId: string): Promise<Taken>
  /** Counts an export of a customer that is made for the organization. */
  takeExport(orgId: string): Promise<Taken>
  /** Counts a sign-up; null: not limited. */
  takeSignUp(ip: string): Promise<Taken | null>
  /** Counts a call of the API, of a person or key; null: not limited. */
  takeCall(caller: string): Promise<Taken | null>
  /** Counts the same call, of the organization that is asked for: once its caller belongs to it, else anybody could use it up. */
  takeCallOf(orgId: string): Promise<Taken | null>
  /** Counts a reply that is to be sent, besides the call: of the organization only where its caller may go on. */
  takeSend(caller: string, orgId: string): Promise<Taken | null>
}>

type Policy = Readonly<{ points: number; seconds: number }>

/** What may be done how often, by class of operation. */
const POLICIES = {
  /** For an e-mail address from one network. */
  login: { points: 10, seconds: 600 },
  'login-network': { points: 100, seconds: 600 },
  /** Tokens of links, from one network. */
  'link-network': { points: 100, seconds: 600 },
  /** Letters for a new password, to an e-mail address from one network. */
  reset: { points: 5, seconds: 600 },
  'reset-network': { points: 100, seconds: 600 },
  /** Of an organization: each may be a letter to somebody who did not ask for one. */
  invitation: { points: 30, seconds: 600 },
  /** Of an organization: each is read from end to end, and kept for a week. */
  export: { points: 50, seconds: 86_400 },
} as const satisfies Record<string, Policy>

/** What a caller is told of a limit. `waitSeconds`: 0 to go on. */
export type Taken = Readonly<{
  name: string
  points: number
  seconds: number
  left: number
  resetSeconds: number
  waitSeconds: number
}>

/** Redis that takes longer is away. */
const TIMEOUT_MS = 1_000

/** Counts in Redis where there is one, so that processes count together; in this process where there is none or it is away. */
export function createRateLimits(
  redis: RedisConnection | null,
  prefix = 'delightchat:limit',
  { calls, sends, signUps }: CallLimits = { calls: NO_LIMIT, sends: NO_LIMIT, signUps: 0 },
): RateLimits {
  const limiter = (name: string, policy: Policy) => createLimiter(name, policy, redis, prefix)
  const of = (name: keyof typeof POLICIES) => limiter(name, POLICIES[name])
  const [both, network, links] = [of('login'), of('login-network'), of('link-network')]
  const [resets, resetsOfNetwork] = [of('reset'), of('reset-network')]
  const [invitations, exports] = [of('invitation'), of('export')]
  // Each costs the hash of a password, and makes an organization.
  const networks = signUps === 0 ? null : limiter('signup-network', { points: signUps, seconds: 600 })
  const inMinutes = (name: string, { perMinute, perMinuteOfOrganization }: MinuteLimits) => {
    const limited = (of: string, points: number) =>
      points === 0 ? null : limiter(`${name}-${of}`, { points, seconds: 60 })
    const [own, all] = [limited('caller', perMinute), limited('organization', perMinuteOfOrganization)]
    const takeOwn = async (caller: string) => (await own?.take(caller)) ?? null
    const takeAll = async (orgId: string) => (await all?.take(orgId)) ?? null
    const takeBoth = async (caller: string, orgId: string) => {
      const first = await takeOwn(caller)
      if (first !== null && first.waitSeconds > 0) return first
      return nearest([first, await takeAll(orgId)].filter((one) => one !== null))
    }
    return { takeOwn, takeAll, takeBoth }
  }
  const [perCall, perSend] = [inMinutes('api', calls), inMinutes('send', sends)]
  return {
    takeSignUp: async (ip) => (await networks?.take(networkOf(ip))) ?? null,
    takeCall: perCall.takeOwn,
    takeCallOf: perCall.takeAll,
    takeSend: perSend.takeBoth,
    takeLogin: async (email, ip) => nearest([await both.take(keyOf(email, ip)), await network.take(networkOf(ip))]),
    async forgiveLogin(email, ip) {
      await both.with((limiter) => limiter.delete(keyOf(email, ip)))
      await network.with((limiter) => limiter.reward(networkOf(ip)))
    },
    takeLink: (ip) => links.take(networkOf(ip)),
    forgiveLink: (ip) => links.with((limiter) => limiter.reward(networkOf(ip))),
    takeReset: async (email, ip) =>
      nearest([await resets.take(keyOf(email, ip)), await resetsOfNetwork.take(networkOf(ip))]),
    takeInvitation: (orgId) => invitations.take(orgId),
    takeExport: (orgId) => exports.take(orgId),
  }
}

/** Of a person or key, and of an organization; 0 for as many as one likes. */
export type MinuteLimits = Readonly<{ perMinute: number; perMinuteOfOrganization: number }>

/** Calls and replies in a minute, and sign-ups from one network in ten, 0 for as many as one likes. */
export type CallLimits = Readonly<{ calls: MinuteLimits; sends: MinuteLimits; signUps: number }>

export const NO_LIMIT: MinuteLimits = { perMinute: 0, perMinuteOfOrganization: 0 }

/** The one to wait for longest, else the one with the least left. */
function nearest(taken: readonly [Taken, ...Taken[]]): Taken
function nearest(taken: readonly Taken[]): Taken | null
function nearest(taken: readonly Taken[]): Taken | null {
  return taken.toSorted((a, b) => b.waitSeconds - a.waitSeconds || a.left / a.points - b.left / b.points)[0] ?? null
}

type Limiter = Readonly<{
  /** Counted before the password is looked at, so that a burst in parallel counts too. */
  take(key: string): Promise<Taken>
  with(work: (limiter: RateLimiterAbstract) => Promise<unknown>): Promise<void>
}>

function createLimiter(
  name: string,
  { points, seconds }: Policy,
  redis: RedisConnection | null,
  prefix: string,
): Limiter {
  const options = { keyPrefix: `${prefix}:${name}`, points, duration: seconds }
  const own = new RateLimiterMemory(options)
  const shared =
    redis &&
    new RateLimiterRedis({ ...options, storeClient: redis.client, useRedisPackage: true, rejectIfRedisNotReady: true })

  const consume = async (limiter: RateLimiterAbstract, key: string): Promise<Taken> => {
    const told = ({ remainingPoints, msBeforeNext }: RateLimiterRes, isRefused: boolean) => {
      const resetSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
      const left = Math.max(0, remainingPoints)
      return { name, points, seconds, left, resetSeconds, waitSeconds: isRefused ? resetSeconds : 0 }
    }
    try {
      return told(await inTime(limiter.consume(key), TIMEOUT_MS), false)
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      return told(refusal, true)
    }
  }
  return {
    // A store that is away limits less well, never not at all.
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

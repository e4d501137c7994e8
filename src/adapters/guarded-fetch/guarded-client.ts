import type { GuardedAnswer, GuardedClient, GuardedRequest } from '../../ports/guarded-client.ts'
import { checkUrl } from './check-url.ts'
import { exchange } from './exchange.ts'
import { type GuardRules, openInternet } from './guard-rules.ts'
import { type Resolver, resolveHost, systemResolver } from './resolve-host.ts'

export type GuardedClientOptions = Readonly<{ rules?: GuardRules; resolver?: Resolver }>

const REDIRECTS = [301, 302, 303, 307, 308]

/** Resolves names itself, refuses what is not public, and connects to the addresses it checked. */
export function createGuardedClient({
  rules = openInternet,
  resolver = systemResolver,
}: GuardedClientOptions = {}): GuardedClient {
  const hop = async (text: string, request: GuardedRequest, way: Way): Promise<GuardedAnswer> => {
    const { url, refused } = checkUrl(text, rules)
    if (url === null) return { status: 'refused', reason: refused }
    if (request.httpsOnly && url.protocol !== 'https:')
      return { status: 'refused', reason: 'it is not an https address' }
    const host = await inTime(resolveHost(url.hostname, resolver, rules), way.signal)
    if (host.addresses === null) return { status: 'refused', reason: host.refused }
    return exchange(url, host.addresses, request, way)
  }
  return {
    async request(request) {
      const late = AbortSignal.timeout(request.timeoutMs)
      const signal = request.signal ? AbortSignal.any([late, request.signal]) : late
      let mayHaveArrived = false
      const connected = () => {
        mayHaveArrived = true
      }
      try {
        let text = request.url
        for (let left = request.maxRedirects; ; left--) {
          const answer = await hop(text, request, { signal, connected })
          const next = answer.status === 'answered' && REDIRECTS.includes(answer.code) && answer.headers['location']
          if (!next || request.maxRedirects === 0) return answer
          if (left === 0) return { status: 'failed', detail: 'it redirects too often', mayHaveArrived }
          text = new URL(next, text).href
        }
      } catch (error) {
        const detail = late.aborted ? 'no answer in time' : signal.aborted ? 'it was given up' : detailOf(error)
        return { status: 'failed', detail, mayHaveArrived }
      }
    },
  }
}

type Way = Readonly<{ signal: AbortSignal; connected: () => void }>

/** The system's resolver cannot be broken off; it is waited for no longer. */
function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  promise.catch(() => {})
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop))
}

const detailOf = (error: unknown): string => {
  const code: unknown = Reflect.get(Object(error), 'code')
  return typeof code === 'string' ? code : 'no usable answer'
}

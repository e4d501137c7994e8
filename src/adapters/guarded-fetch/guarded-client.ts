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
  const hop = async (text: string, request: GuardedRequest, signal: AbortSignal): Promise<GuardedAnswer> => {
    const { url, refused } = checkUrl(text, rules)
    if (url === null) return { status: 'refused', reason: refused }
    const host = await inTime(resolveHost(url.hostname, resolver, rules), signal)
    if (host.addresses === null) return { status: 'refused', reason: host.refused }
    return exchange(url, host.addresses, request, signal)
  }
  return {
    async request(request) {
      const signal = AbortSignal.timeout(request.timeoutMs)
      try {
        let text = request.url
        for (let left = request.maxRedirects; ; left--) {
          const answer = await hop(text, request, signal)
          const next = answer.status === 'answered' && REDIRECTS.includes(answer.code) && answer.headers['location']
          if (!next) return answer
          if (left === 0) return { status: 'failed', detail: 'it redirects too often' }
          text = new URL(next, text).href
        }
      } catch (error) {
        return { status: 'failed', detail: signal.aborted ? 'no answer in time' : detailOf(error) }
      }
    },
  }
}

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

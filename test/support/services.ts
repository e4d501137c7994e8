import { once } from 'node:events'
import { connect } from 'node:net'
import { redactUrl } from '../../src/config/formats.ts'
import type { Throwaway } from './throwaway.ts'
import { throwawayPostgres, whyNoPostgres } from './throwaway-postgres.ts'
import { throwawayRabbit, whyNoRabbit } from './throwaway-rabbitmq.ts'
import { throwawayRedis, whyNoRedis } from './throwaway-redis.ts'

export type Service = Readonly<{
  name: string
  /** The suites' only way to it. Tests never look at what happens to listen on a standard port. */
  variable: string
  defaultPort: number
  /** Why there can be no throwaway one here, or null. */
  whyNot(): string | null
  start(): Promise<Pick<Throwaway, 'url' | 'dispose'>>
  howToEnable: string
}>

const enable = (variable: string, program: string) => `set ${variable}, or install ${program} for a throwaway one`

export const services: readonly Service[] = [
  {
    name: 'PostgreSQL',
    variable: 'TEST_DATABASE_URL',
    defaultPort: 5432,
    whyNot: whyNoPostgres,
    start: throwawayPostgres,
    howToEnable: enable('TEST_DATABASE_URL', 'PostgreSQL 15 or newer'),
  },
  {
    name: 'RabbitMQ',
    variable: 'TEST_RABBITMQ_URL',
    defaultPort: 5672,
    whyNot: whyNoRabbit,
    start: throwawayRabbit,
    howToEnable: enable('TEST_RABBITMQ_URL', 'rabbitmq-server'),
  },
  {
    name: 'Redis',
    variable: 'TEST_REDIS_URL',
    defaultPort: 6379,
    whyNot: whyNoRedis,
    start: throwawayRedis,
    howToEnable: enable('TEST_REDIS_URL', 'redis-server'),
  },
]

export type Provided = Readonly<{
  service: Service
  /** Null: there is none, and `account` says why. */
  url: string | null
  /** For a person: which server it is, or what is wrong. */
  account: string
  /** One was named or could be had, and does not work: not a reason to skip. */
  broken: boolean
  dispose(): Promise<void>
}>

/** The server that its variable names, else a throwaway one, else none. Never rejects. */
export async function provide(service: Service, environment: NodeJS.ProcessEnv): Promise<Provided> {
  const none = { service, url: null, broken: false, dispose: async () => {} }
  const named = environment[service.variable]?.trim()
  if (named) {
    const shown = URL.canParse(named) ? redactUrl(named) : 'something that is no URL'
    const trouble = await connectionTrouble(named, service.defaultPort)
    if (trouble === null) return { ...none, url: named, account: `${shown} (${service.variable})` }
    return { ...none, broken: true, account: `${service.variable} names ${shown}: ${trouble}` }
  }
  const reason = service.whyNot()
  if (reason !== null) return { ...none, account: `none, since ${reason}; ${service.howToEnable}` }
  try {
    const { url, dispose } = await service.start()
    return { ...none, url, dispose, account: `a throwaway one on port ${new URL(url).port}` }
  } catch (error) {
    return { ...none, broken: true, account: error instanceof Error ? error.message : String(error) }
  }
}

async function connectionTrouble(address: string, defaultPort: number): Promise<string | null> {
  if (!URL.canParse(address)) return 'it must be one'
  const { hostname, port } = new URL(address)
  // Through a socket file: the suites will tell.
  if (hostname === '') return null
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) })
    return null
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return 'no answer within 5 s'
    return `no answer (${error instanceof Error && 'code' in error ? error.code : error})`
  } finally {
    socket.destroy()
  }
}

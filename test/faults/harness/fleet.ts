import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningRoleName } from '../../../src/application.ts'
import { type Exit, freePort, type StartedProcess, startProcess, waitFor } from '../../support/processes.ts'
import { ROOT, settings } from '../../support/program.ts'
import { createFront, type Front } from './front.ts'

/** `all`: every role in one process. */
export type FleetRole = RunningRoleName | 'all'

/** What a process is given for one life, and only for that. */
export type Life = Readonly<{ failpoints?: string; clockByMs?: number }>

/** How a life ended; an accident where nobody asked for that. */
export type End = Readonly<{ name: string; failpoints: string; exit: Exit; isAccident: boolean; lastWords: string }>

export type Member = Readonly<{
  name: string
  role: FleetRole
  /** Its own, past what stands before the API. */
  url: string
  process(): StartedProcess
  /** Says of itself that it misses nothing. */
  isWhole(): Promise<boolean>
  /** Ends it; resolves when the next of its lives has begun. What is given is for the next ones, in turn. */
  restart(how: 'SIGKILL' | 'SIGTERM', ...lives: readonly Life[]): Promise<Exit>
}>

export type Fleet = Readonly<{
  /** Of the API, by whichever of its processes is there. */
  url: string
  members: readonly Member[]
  of(role: FleetRole): readonly Member[]
  /** Those and no others are there and miss nothing; rejects with what the others last said. */
  whole(members?: readonly Member[], withinMs?: number): Promise<void>
  /** Of all lives that have ended, in that order. */
  ends: readonly End[]
  close(): Promise<void>
}>

export type FleetOptions = Readonly<{
  /** Which roles, and how often each. */
  roles: readonly (readonly [FleetRole, number])[]
  /** The settings of a role's processes, without their ports. */
  env: (role: FleetRole) => Readonly<Record<string, string>>
}>

export const WHOLE_WITHIN_MS = 180_000
const CLOCK = new URL('./shifted-clock.ts', import.meta.url).href
/** One that lived shorter than this is given more and more time before the next try, as a supervisor does. */
const SHORT_LIFE_MS = 5_000
const isApi = ({ role }: Pick<Member, 'role'>): boolean => role === 'api' || role === 'all'

/** The roles as processes of their own, as in production: each is started again when it ends, and the API is behind one address. */
export async function startFleet({ roles, env }: FleetOptions): Promise<Fleet> {
  const ends: End[] = []
  const running: Promise<void>[] = []
  const ports = new Map<Member, number>()
  let closing = false

  async function join(role: FleetRole, index: number): Promise<Member> {
    const name = `${role} ${index + 1}`
    const port = await freePort()
    const own = settings({ ...env(role), [isApi({ role }) ? 'PORT' : 'METRICS_PORT']: String(port) })
    const lives: Life[] = []
    let life: Life = {}
    let mayEnd = false
    let begun = Promise.withResolvers<void>()

    function start(): StartedProcess {
      life = lives.shift() ?? {}
      const { failpoints = '', clockByMs } = life
      mayEnd = failpoints !== ''
      const shift: Record<string, string> = clockByMs === undefined ? {} : { CLOCK_BY_MS: String(clockByMs) }
      const args = [
        ...(clockByMs === undefined ? [] : ['--import', CLOCK]),
        'src/main.ts',
        ...(role === 'all' ? [] : [role]),
      ]
      return startProcess(process.execPath, args, { ...own, ...shift, FAILPOINT: failpoints }, { cwd: ROOT })
    }
    let current = start()

    async function live(): Promise<void> {
      for (let short = 0; ; ) {
        const startedAt = performance.now()
        const exit = await current.exited
        if (closing) return
        const lastWords = current.output().trim().split('\n').slice(-5).join('\n')
        ends.push({ name, failpoints: life.failpoints ?? '', exit, isAccident: !mayEnd, lastWords })
        short = performance.now() - startedAt < SHORT_LIFE_MS && !mayEnd ? short + 1 : 0
        await sleep(Math.min(SHORT_LIFE_MS, 100 * 2 ** short))
        if (closing) return
        current = start()
        begun.resolve()
        begun = Promise.withResolvers()
      }
    }
    running.push(live())
    const member: Member = {
      name,
      role,
      url: `http://127.0.0.1:${port}`,
      process: () => current,
      isWhole: () => statusOf(port).then((status) => status === 'ok'),
      async restart(how, ...next) {
        lives.splice(0, lives.length, ...next)
        mayEnd = true
        const again = begun.promise
        const { exited } = current
        current.signal(how)
        await again
        return exited
      },
    }
    ports.set(member, port)
    return member
  }

  const members = await Promise.all(
    roles.flatMap(([role, count]) => Array.from({ length: count }, (_, index) => join(role, index))),
  )
  const front = await frontOf(members.filter(isApi).map((member) => ports.get(member) as number))

  return {
    url: `http://127.0.0.1:${front.port}`,
    members,
    of: (role) => members.filter((member) => member.role === role),
    async whole(those = members, withinMs = WHOLE_WITHIN_MS) {
      let missing = those
      const look = async () => {
        const found = await Promise.all(missing.map(async (member) => ((await member.isWhole()) ? [] : [member])))
        missing = found.flat()
        return missing.length === 0
      }
      await waitFor(look, withinMs).catch(() => {
        const words = missing.map(({ name, process }) => `${name}:\n${process().output().slice(-1_500)}`)
        throw new Error(`Not whole within ${withinMs / 1_000} s: ${words.join('\n')}`)
      })
    },
    ends,
    async close() {
      closing = true
      // One that was stopped hears nothing else.
      for (const member of members) member.process().signal('SIGCONT')
      await Promise.all(members.map((member) => member.process().end()))
      await Promise.all(running)
      front.close()
    },
  }
}

/** What stands before the API looks every quarter of a second who can serve. */
async function frontOf(ports: readonly number[]): Promise<Front> {
  const ready = new Set<number>()
  const looking = setInterval(() => {
    for (const port of ports) {
      void statusOf(port, 1_000).then((status) =>
        status === 'ok' || status === 'degraded' ? ready.add(port) : ready.delete(port),
      )
    }
  }, 250)
  const front = await createFront(ports, (port) => ready.has(port))
  return {
    port: front.port,
    close() {
      clearInterval(looking)
      front.close()
    },
  }
}

/** Null where there is no answer that says so. */
const statusOf = (port: number, withinMs = 5_000): Promise<string | null> =>
  fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(withinMs) })
    .then(async (answer) => ((await answer.json()) as { status: string }).status)
    .catch(() => null)

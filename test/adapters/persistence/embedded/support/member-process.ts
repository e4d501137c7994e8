import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type MemberEvent = Readonly<{
  type: 'up' | 'closed' | 'refused' | 'log'
  dataDir: string
  socketDir: string
  port: number
  serverPid: number | null
  code: string
  message: string
}>

export type MemberProcess = Readonly<{
  pid: number
  /** The next event that is not a log line. */
  next(): Promise<MemberEvent>
  logged(): readonly string[]
  send(line: string): void
  endInput(): void
  signal(signal: NodeJS.Signals): void
  ended: Promise<unknown>
}>

const SCRIPT = fileURLToPath(new URL('./member.ts', import.meta.url))

export function startMember(
  dataDir: string,
  { uid, packageDir = '', ownGroup = false }: { uid?: number; packageDir?: string; ownGroup?: boolean } = {},
): MemberProcess {
  const child = spawn(process.execPath, [SCRIPT, dataDir, packageDir], {
    ...(uid === undefined ? {} : { uid, gid: uid }),
    cwd: '/',
    detached: ownGroup,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const logged: string[] = []
  const events: MemberEvent[] = []
  const waiting: ((event: MemberEvent) => void)[] = []
  const hand = (event: MemberEvent) => {
    const waiter = waiting.shift()
    if (waiter === undefined) events.push(event)
    else waiter(event)
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event: MemberEvent = JSON.parse(line)
    if (event.type === 'log') logged.push(event.message)
    else hand(event)
  })
  return {
    pid: child.pid ?? 0,
    next: () =>
      new Promise((resolve, reject) => {
        const event = events.shift()
        if (event !== undefined) resolve(event)
        else {
          waiting.push(resolve)
          ended.then(() => reject(new Error('The member ended without a word')), reject)
        }
      }),
    logged: () => logged,
    send: (line) => child.stdin.write(`${line}\n`),
    endInput: () => child.stdin.end(),
    signal: (signal) => child.kill(signal),
    ended,
  }
}

/** Lets it leave the group and waits until it ended. */
export async function closeMember(member: MemberProcess): Promise<void> {
  member.send('close')
  await member.ended
}

export async function killMember(member: MemberProcess): Promise<void> {
  member.signal('SIGKILL')
  await member.ended
}

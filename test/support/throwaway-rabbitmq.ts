import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from 'rabbitmq-client'
import { freePort } from './processes.ts'

/** A broker of the test's own, on private ports, with all its files in one folder. */
export type ThrowawayRabbit = Readonly<{
  url: string
  /** As a crash: SIGKILL. */
  kill(): Promise<void>
  /** On the same data, ports and name. */
  start(): Promise<void>
  /** Takes connections and answers nothing, until resumed. */
  pause(): void
  resume(): void
  /** Ends broker and epmd and removes the folder. */
  dispose(): Promise<void>
}>

/** The real script: the one in /usr/sbin changes user and configuration. */
const script = (): string | undefined =>
  globSync([
    '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server',
    '/opt/rabbitmq/sbin/rabbitmq-server',
    '/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server',
  ])[0]
const epmdProgram = (): string | undefined =>
  [
    ...(process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'epmd')),
    ...globSync('/usr/lib/erlang/erts-*/bin/epmd'),
  ].find((path) => existsSync(path))

/** Why there can be none here, or null. */
export const whyNoRabbit = (): string | null => (script() && epmdProgram() ? null : 'rabbitmq-server is not installed')

export async function throwawayRabbit(): Promise<ThrowawayRabbit> {
  const [server, epmdPath] = [script(), epmdProgram()]
  if (server === undefined || epmdPath === undefined) throw new Error('rabbitmq-server is not installed')
  const home = await mkdtemp(join(tmpdir(), 'dc-rabbit-'))
  const [port, distPort, epmdPort] = await freePorts(3)
  const url = `amqp://guest:guest@127.0.0.1:${port}`
  await mkdir(join(home, 'log'))
  await writeFile(join(home, 'plugins'), '[].\n')
  await writeFile(join(home, 'rabbitmq.conf'), 'loopback_users = none\ndisk_free_limit.absolute = 50MB\n')
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // Then the script becomes the broker, and its process id is the broker's.
    RUNNING_UNDER_SYSTEMD: '1',
    // Ours is started below: one that the broker starts would outlive it.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_NODENAME: `dc${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
  }
  const epmd = spawn(epmdPath, ['-address', '127.0.0.1', '-port', String(epmdPort)], { env, stdio: 'ignore' })
  let broker: ChildProcess | undefined
  const killAll = (): void => {
    broker?.kill('SIGKILL')
    epmd.kill('SIGKILL')
  }
  process.on('exit', killAll)

  const kill = async (): Promise<void> => {
    const ended = broker
    broker = undefined
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return
    ended.kill('SIGKILL')
    await once(ended, 'exit')
  }
  const rabbit: ThrowawayRabbit = {
    url,
    kill,
    async start() {
      broker = spawn(server, [], { env, cwd: home, stdio: 'ignore' })
      await answering(url, broker)
    },
    pause: () => void broker?.kill('SIGSTOP'),
    resume: () => void broker?.kill('SIGCONT'),
    async dispose() {
      broker?.kill('SIGCONT')
      await kill()
      epmd.kill('SIGKILL')
      if (epmd.exitCode === null && epmd.signalCode === null) await once(epmd, 'exit')
      process.off('exit', killAll)
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await rabbit.start().catch(async (error: unknown) => {
    await rabbit.dispose()
    throw error
  })
  return rabbit
}

async function answering(url: string, broker: ChildProcess): Promise<void> {
  const connection = new Connection({ url, retryLow: 100, retryHigh: 200 })
  connection.on('error', () => {})
  const ended = once(broker, 'exit').then(([code]) => Promise.reject(new Error(`The broker ended with ${code}.`)))
  try {
    await Promise.race([connection.onConnect(60_000, true), ended])
  } finally {
    ended.catch(() => {})
    connection.unsafeDestroy()
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

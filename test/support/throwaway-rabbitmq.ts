import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Connection } from 'rabbitmq-client'
import { freePort } from './processes.ts'
import { type Throwaway, throwawayServer } from './throwaway.ts'

const run = promisify(execFile)

/** A broker of the test's own, on private ports, with all its files in one folder. */
export type ThrowawayRabbit = Throwaway &
  Readonly<{
    /** Runs the broker's own command line, as an operator would; resolves to what it says. */
    ctl(...args: readonly string[]): Promise<string>
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

/** `settings` are further lines of its configuration; `user` is the one that it makes, who may do everything unless they say less. */
export async function throwawayRabbit({
  user = 'guest',
  settings = '',
}: Readonly<{ user?: string; settings?: string }> = {}): Promise<ThrowawayRabbit> {
  const [server, epmdPath] = [script(), epmdProgram()]
  if (server === undefined || epmdPath === undefined) throw new Error('rabbitmq-server is not installed')
  const home = await mkdtemp(join(tmpdir(), 'dc-rabbit-'))
  const [port, distPort, epmdPort] = await freePorts(3)
  const url = `amqp://${user}:${user}@127.0.0.1:${port}`
  await mkdir(join(home, 'log'))
  await writeFile(join(home, 'plugins'), '[].\n')
  const lines = [
    'loopback_users = none',
    'disk_free_limit.absolute = 50MB',
    `default_user = ${user}`,
    `default_pass = ${user}`,
  ]
  await writeFile(join(home, 'rabbitmq.conf'), `${lines.join('\n')}\n${settings}`)
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
  const killEpmd = () => void epmd.kill('SIGKILL')
  process.on('exit', killEpmd)
  const broker = await throwawayServer({
    name: 'RabbitMQ',
    url,
    spawn: () => spawn(server, [], { env, cwd: home, stdio: 'ignore' }),
    ask: () => answering(url),
    // One that was killed reads what it had first, with whatever else the machine does.
    answersWithinMs: 180_000,
    stopBy: 'SIGKILL',
    async cleanUp() {
      killEpmd()
      if (epmd.exitCode === null && epmd.signalCode === null) await once(epmd, 'exit')
      process.off('exit', killEpmd)
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  })
  return {
    ...broker,
    async ctl(...args) {
      const { stdout } = await run(join(dirname(server), 'rabbitmqctl'), ['--quiet', ...args], { env, cwd: home })
      return stdout
    },
  }
}

async function answering(url: string): Promise<void> {
  const connection = new Connection({ url, retryLow: 100, retryHigh: 200 })
  connection.on('error', () => {})
  try {
    await connection.onConnect(5_000, true)
  } finally {
    connection.unsafeDestroy()
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

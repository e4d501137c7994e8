import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { freePort } from './processes.ts'
import { programOnPath, type Throwaway, throwawayServer } from './throwaway.ts'

/** Why there can be none here, or null. */
export const whyNoRedis = (): string | null => (programOnPath('redis-server') ? null : 'redis-server is not installed')

/**
 * A Redis server on a private port, with nothing in it and its files in a folder of its own. A durable one keeps what it has. `rights`
 * are the words of its rule for whoever has the password; without them everything is allowed.
 */
export async function throwawayRedis({
  durable = false,
  rights,
}: Readonly<{ durable?: boolean; rights?: (password: string) => readonly string[] }> = {}): Promise<Throwaway> {
  const program = programOnPath('redis-server')
  if (program === null) throw new Error('redis-server is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'dc-redis-'))
  const [port, password] = [await freePort(), randomBytes(16).toString('hex')]
  // In a file, since arguments can be seen by every user.
  const settings = {
    port,
    bind: '127.0.0.1',
    ...(rights ? { user: rights(password).join(' ') } : { requirepass: password }),
    dir: folder,
    save: '""',
    appendonly: durable ? 'yes' : 'no',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`)
  await writeFile(join(folder, 'redis.conf'), lines.join(''), { mode: 0o600 })
  const url = `redis://:${password}@127.0.0.1:${port}`
  return throwawayServer({
    name: 'Redis',
    url,
    spawn: () =>
      spawn(program, [join(folder, 'redis.conf')], { cwd: folder, env: {}, stdio: ['ignore', 'pipe', 'pipe'] }),
    ask: () => ping(url),
    stopBy: 'SIGTERM',
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  })
}

async function ping(url: string): Promise<void> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false, connectTimeout: 1_000 },
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.destroy()
  }
}

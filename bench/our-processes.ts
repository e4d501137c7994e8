import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from './child.ts'
import type { Environment } from './site.ts'

const PROGRAM = 'src/main.ts'
const DOCKERFILE = readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8')
/** Node is started as in the container image. */
const IMAGE = { NODE_OPTIONS: /^ENV NODE_OPTIONS=(.+)$/m.exec(DOCKERFILE)?.[1] ?? '' }

/** The api role, started as in production and ready. */
export async function startApi(environment: Environment): Promise<{ child: Child; url: string }> {
  const port = await freePort()
  const child = startChild(PROGRAM, ['api'], { ...IMAGE, ...environment, PORT: String(port) })
  const url = `http://127.0.0.1:${port}`
  await Promise.race([answers(`${url}/readyz`), child.alive])
  return { child, url }
}

export const startWorker = (
  environment: Environment,
  role: 'inbound' | 'outbound' = 'inbound',
  execArgv: readonly string[] = [],
): Child => startChild(PROGRAM, [role], { ...IMAGE, ...environment }, execArgv)

/** All roles in one process. */
export async function startAll(
  environment: Environment,
  execArgv: readonly string[] = [],
): Promise<{ child: Child; url: string }> {
  const port = await freePort()
  const child = startChild(PROGRAM, [], { ...IMAGE, ...environment, PORT: String(port) }, execArgv)
  const url = `http://127.0.0.1:${port}`
  await Promise.race([answers(`${url}/readyz`), child.alive])
  return { child, url }
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 2_400; tries++) {
    const ok = await fetch(url).then(
      async (response) => {
        await response.arrayBuffer()
        return response.ok
      },
      () => false,
    )
    if (ok) return
    await sleep(50)
  }
  throw new Error(`${url} was not ready within two minutes`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

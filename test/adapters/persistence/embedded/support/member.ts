/**
 * A process that joins a server and tells what happens, a JSON value a line. A line on stdin makes it leave; the
 * end of stdin leaves it nothing to do but to end without leaving.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { joinServer } from '../../../../../src/adapters/persistence/embedded/embedded-postgres.ts'
import { EmbeddedPostgresError } from '../../../../../src/adapters/persistence/embedded/index.ts'
import { surroundings } from './surroundings.ts'

const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
const log = {
  info: (message: string) => tell({ type: 'log', message }),
  warn: (message: string) => tell({ type: 'log', message }),
}

const [dataDir = '', packageDir = ''] = process.argv.slice(2)
const input = createInterface({ input: process.stdin })
try {
  const server = await joinServer({ dataDir, log }, surroundings({ packageDir }))
  const { socketDir, port } = server
  tell({ type: 'up', dataDir: server.dataDir, socketDir, port, serverPid: server.pid() })
  const told = await Promise.race([once(input, 'line').then(() => true), once(input, 'close').then(() => false)])
  if (told) {
    await server.close()
    tell({ type: 'closed', serverPid: server.pid() })
  }
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error
  tell({ type: 'refused', code: error.code, message: error.message })
}
input.close()

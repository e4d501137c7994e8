import { constants } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { errnoOf } from './errno.ts'

const MAX_LOG_BYTES = 10 * 1024 * 1024

/** A server start's part of the log file. */
export type ServerLog = Readonly<{ fd: number; close(): Promise<void>; complaints(): Promise<string> }>

/**
 * A file and not a pipe: the server goes on when we are killed. It is written to before privileges are dropped, so it
 * must not be a link to something else.
 */
export async function openServerLog(path: string): Promise<ServerLog> {
  await rotate(path)
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
  const from = (await handle.stat()).size
  return {
    fd: handle.fd,
    close: () => handle.close(),
    async complaints() {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, from)
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
      return lines.filter((line) => /FATAL|PANIC|HINT|error while loading/.test(line)).join('; ')
    },
  }
}

async function rotate(path: string): Promise<void> {
  try {
    if ((await stat(path)).size > MAX_LOG_BYTES) await rename(path, `${path}.1`)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

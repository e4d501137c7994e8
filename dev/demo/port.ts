import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

const USUAL_PORT = 3001

/** `PORT` as it is set; else 3001; else a free one, with a line that says so. */
export async function choosePort(
  variable: string | undefined,
  usual = USUAL_PORT,
): Promise<{ port: string; note: string | null }> {
  if (variable) return { port: variable, note: null }
  if (!(await isAnswered(usual)) && (await listenOnce(usual)) !== null) {
    return { port: String(usual), note: null }
  }
  const port = String(await listenOnce(0))
  return { port, note: `Port ${usual} is taken (npm start?), so the demo uses ${port}. PORT=… chooses another.` }
}

/** Somebody may hold the port on all addresses, where listening on one of them still succeeds on some systems. */
async function isAnswered(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function listenOnce(port: number): Promise<number | null> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch {
    return null
  } finally {
    server.close()
  }
}

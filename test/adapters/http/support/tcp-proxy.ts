import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands before a server and fails on demand: `cut` refuses and drops connections, `silence` swallows what is said. */
export async function startTcpProxy(target: string) {
  const { hostname, port, protocol, username, password, pathname } = new URL(target)
  const sockets = new Set<Socket>()
  let state: 'fine' | 'cut' | 'silent' = 'fine'
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy()
    const far = connect(Number(port || 6379), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (state !== 'silent') to.write(bytes)
      })
      from
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(from)
          to.destroy()
        })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const user = username || password ? `${username}:${password}@` : ''
  return {
    url: `${protocol}//${user}127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    cut() {
      state = 'cut'
      drop()
    },
    silence() {
      state = 'silent'
    },
    /** What was said into the silence is lost, as on a network that broke: the connection is made anew. */
    heal() {
      state = 'fine'
      drop()
    },
    async close() {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

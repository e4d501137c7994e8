import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { type GuardRules, openInternet } from '../../src/adapters/guarded-fetch/guard-rules.ts'

/** A server on this machine that counts connections: what must not be reached has none. */
export async function listener(t: ExecutionContext, answer: RequestListener = (_, res) => res.end('here')) {
  const at: (string | undefined)[] = []
  const server = createServer(answer)
  server.on('connection', ({ localAddress }) => at.push(localAddress?.replace('::ffff:', '')))
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, at, hits: () => at.length }
}

/** One address of this machine stands for the open internet, on every port; all others are what they are. */
export const PUBLIC_HERE = '127.0.0.77'
export const publicHere: GuardRules = {
  ...openInternet,
  isPort: () => true,
  isAddress: (address) => address === PUBLIC_HERE || openInternet.isAddress(address),
}

/** `{port}` is the listener's, so that reaching it would be seen. */
export const HOSTILE = [
  'http://127.0.0.1:{port}/',
  'http://127.1:{port}/',
  'http://2130706433:{port}/',
  'http://0x7f000001:{port}/',
  'http://0x7f.0.0.1:{port}/',
  'http://0177.0.0.1:{port}/',
  'http://017700000001:{port}/',
  'http://0.0.0.0:{port}/',
  'http://0:{port}/',
  'http://localhost:{port}/',
  'http://localhost.:{port}/',
  'http://LOCALHOST:{port}/',
  'http://api.localhost:{port}/',
  'http://ⓛocalhost:{port}/',
  'http://127。0。0。1:{port}/',
  'http://[::1]:{port}/',
  'http://[::]:{port}/',
  'http://[::ffff:127.0.0.1]:{port}/',
  'http://[::ffff:7f00:1]:{port}/',
  'http://[64:ff9b::7f00:1]:{port}/',
  'http://[2002:7f00:1::]:{port}/',
  'http://[2001:0:7f00:1::]:{port}/',
  'http://[fe80::1]:{port}/',
  'http://[fc00::1]:{port}/',
  'http://[ff02::1]:{port}/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://168.63.129.16/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://metadata.google.internal/',
  'http://printer.local/',
  'http://intranet/',
  'http://files.example:22/',
  'http://files.example:25/',
  'http://files.example:5432/',
  'http://files.example:6379/',
  'http://somebody:secret@files.example/',
  'http://somebody@files.example/',
  'http://@files.example/',
  'http://files.example\\@127.0.0.1:{port}/',
  'http://files.example/\r\nHost: 127.0.0.1',
  ' http://files.example/',
  'http:/127.0.0.1:{port}/',
  'http:127.0.0.1:{port}/',
  'file:///etc/passwd',
  'ftp://files.example/',
  'gopher://127.0.0.1:{port}/_x',
  'data:text/plain,hello',
  'unix:/var/run/docker.sock',
  'javascript:alert(1)',
  '//127.0.0.1:{port}/',
  '',
  'http://',
  `http://files.example/${'x'.repeat(3_000)}`,
]

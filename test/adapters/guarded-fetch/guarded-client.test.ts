import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { anywhere, type GuardRules, openInternet } from '../../../src/adapters/guarded-fetch/guard-rules.ts'
import { createGuardedClient, type GuardedClientOptions } from '../../../src/adapters/guarded-fetch/guarded-client.ts'

/** A server on this machine that counts connections: what must not be reached has none. */
async function listener(t: ExecutionContext, answer: RequestListener = (_, res) => res.end('here')) {
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

const ask = (url: string, options: Partial<GuardedClientOptions> = {}, more = {}) =>
  createGuardedClient(options).request({
    method: 'GET',
    url,
    maxBytes: 1_000,
    timeoutMs: 2_000,
    maxRedirects: 3,
    ...more,
  })

/** One address of this machine stands for the open internet, on every port; all others are what they are. */
const PUBLIC_HERE = '127.0.0.77'
const publicHere: GuardRules = {
  ...openInternet,
  isPort: () => true,
  isAddress: (address) => address === PUBLIC_HERE || openInternet.isAddress(address),
}

/** As the name server would, if everything led to this machine. */
const toHere = async () => ['127.0.0.1']

/** `{port}` is the listener's, so that reaching it would be seen. */
const HOSTILE = [
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

for (const hostile of HOSTILE) {
  test(`${JSON.stringify(hostile.slice(0, 60))} is refused before anything is sent`, async (t) => {
    const here = await listener(t)
    const asked: string[] = []
    const resolver = async (host: string) => {
      asked.push(host)
      return ['127.0.0.1']
    }
    // Where the listener could be reached, its port is no reason to refuse.
    const rules = hostile.includes('{port}') ? { ...openInternet, isPort: () => true } : openInternet
    const answer = await ask(hostile.replace('{port}', String(here.port)), { resolver, rules })
    t.is(answer.status, 'refused')
    t.is(here.hits(), 0)
  })
}

test('a name that leads to this machine is refused, also where another of its addresses is public', async (t) => {
  const here = await listener(t)
  for (const addresses of [['127.0.0.1'], ['::1'], ['1.1.1.1', '10.0.0.1'], ['::ffff:127.0.0.1'], ['fe80::1%lo']]) {
    const answer = await ask('http://files.example/', { resolver: async () => addresses })
    t.deepEqual(answer, { status: 'refused', reason: 'it leads to a private or special address' }, addresses.join())
  }
  t.is(here.hits(), 0)
})

test('a name that turns to this machine once it was checked is connected to where it was checked', async (t) => {
  const here = await listener(t)
  let asked = 0
  const resolver = async () => (asked++ === 0 ? [PUBLIC_HERE] : ['127.0.0.1'])
  t.like(await ask(`http://files.example:${here.port}/`, { rules: publicHere, resolver }), { status: 'answered' })
  t.deepEqual([asked, here.at], [1, [PUBLIC_HERE]])
  t.like(await ask(`http://files.example:${here.port}/`, { rules: publicHere, resolver }), { status: 'refused' })
  t.is(here.hits(), 1)
})

test('a redirect to a private address is refused, whatever its code, and nothing is sent there', async (t) => {
  const inside = await listener(t)
  for (const code of [301, 302, 303, 307, 308]) {
    for (const location of [
      `http://127.0.0.1:${inside.port}/`,
      `//localhost:${inside.port}/`,
      'http://169.254.169.254/',
      'file:///etc/passwd',
    ]) {
      const outside = await listener(t, (_, res) => res.writeHead(code, { location }).end())
      const resolver = async (host: string) => [host === 'files.example' ? PUBLIC_HERE : '127.0.0.1']
      const answer = await ask(`http://files.example:${outside.port}/`, { rules: publicHere, resolver })
      t.is(answer.status, 'refused', `${code} ${location}`)
      t.is(outside.hits(), 1)
    }
  }
  t.is(inside.hits(), 0)
})

test('what a person gave us to call gets no header of ours but who we are', async (t) => {
  const seen: unknown[] = []
  const here = await listener(t, (req, res) => {
    seen.push(req.method, Object.keys(req.headers).toSorted())
    res.end()
  })
  await ask(`http://files.example:${here.port}/`, { rules: anywhere, resolver: toHere }, { method: 'HEAD' })
  t.deepEqual(seen, ['HEAD', ['accept-encoding', 'connection', 'host', 'user-agent']])
})

test('redirects end after a few hops', async (t) => {
  const loop = await listener(t, (req, res) => res.writeHead(302, { location: `${req.url}x` }).end())
  const answer = await ask(`http://files.example:${loop.port}/`, { rules: anywhere, resolver: toHere })
  t.deepEqual(answer, { status: 'failed', detail: 'it redirects too often' })
  t.is(loop.hits(), 4)
})

test('no more is read than was asked for, and what is packed stays packed', async (t) => {
  const endless = await listener(t, (_, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip' })
    const timer = setInterval(() => res.write(Buffer.alloc(10_000)), 1)
    res.on('close', () => clearInterval(timer))
  })
  const answer = await ask(`http://files.example:${endless.port}/`, { rules: anywhere, resolver: toHere })
  t.like(answer, { status: 'answered', code: 200, isCut: true })
  t.is(answer.status === 'answered' && answer.body.length, 1_000)
})

test('an answer that does not come, or drips, is given up in time, and so is a name server', async (t) => {
  const silent = await listener(t, () => {})
  const dripping = await listener(t, (_, res) => {
    const timer = setInterval(() => res.write('.'), 10)
    res.on('close', () => clearInterval(timer))
  })
  const late = { status: 'failed', detail: 'no answer in time' } as const
  const short = { timeoutMs: 100 }
  for (const { port } of [silent, dripping])
    t.deepEqual(await ask(`http://files.example:${port}/`, { rules: anywhere, resolver: toHere }, short), late)
  const deaf = () => new Promise<never>(() => {})
  t.deepEqual(await ask('http://files.example/', { resolver: deaf }, short), late)
})

test('a refused connection, a broken answer and an unknown name are outcomes, not faults', async (t) => {
  const broken = await listener(t, (req) => req.socket.end('nonsense\r\n\r\n'))
  const options = { rules: anywhere, resolver: toHere }
  t.like(await ask(`http://files.example:${broken.port}/`, options), { status: 'failed' })
  t.deepEqual(await ask('http://files.example:1/', options), { status: 'failed', detail: 'ECONNREFUSED' })
  const unknown = async () => {
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  }
  t.deepEqual(await ask('http://files.example/', { resolver: unknown }), { status: 'failed', detail: 'ENOTFOUND' })
})

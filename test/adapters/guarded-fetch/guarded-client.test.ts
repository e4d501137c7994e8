import test from 'ava'
import { anywhere, openInternet, openInternetBut } from '../../../src/adapters/guarded-fetch/guard-rules.ts'
import { createGuardedClient, type GuardedClientOptions } from '../../../src/adapters/guarded-fetch/guarded-client.ts'
import { HOSTILE, listener, PUBLIC_HERE, publicHere } from '../../support/hostile-addresses.ts'

const ask = (url: string, options: Partial<GuardedClientOptions> = {}, more = {}) =>
  createGuardedClient(options).request({
    method: 'GET',
    url,
    maxBytes: 1_000,
    timeoutMs: 2_000,
    maxRedirects: 3,
    ...more,
  })

/** As the name server would, if everything led to this machine. */
const toHere = async () => ['127.0.0.1']

for (const hostile of HOSTILE) {
  test(`S83, S86: ${JSON.stringify(hostile.slice(0, 60))} is refused before anything is sent`, async (t) => {
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

test('S84: a name that leads to this machine is refused, also where another of its addresses is public', async (t) => {
  const here = await listener(t)
  for (const addresses of [['127.0.0.1'], ['::1'], ['1.1.1.1', '10.0.0.1'], ['::ffff:127.0.0.1'], ['fe80::1%lo']]) {
    const answer = await ask('http://files.example/', { resolver: async () => addresses })
    t.deepEqual(answer, { status: 'refused', reason: 'it leads to a private or special address' }, addresses.join())
  }
  t.is(here.hits(), 0)
})

test('S84: a name that turns to this machine once it was checked is connected to where it was checked', async (t) => {
  const here = await listener(t)
  let asked = 0
  const resolver = async () => (asked++ === 0 ? [PUBLIC_HERE] : ['127.0.0.1'])
  t.like(await ask(`http://files.example:${here.port}/`, { rules: publicHere, resolver }), { status: 'answered' })
  t.deepEqual([asked, here.at], [1, [PUBLIC_HERE]])
  t.like(await ask(`http://files.example:${here.port}/`, { rules: publicHere, resolver }), { status: 'refused' })
  t.is(here.hits(), 1)
})

test('S85: a redirect to a private address or another scheme is refused, whatever its code, and nothing is sent there', async (t) => {
  const inside = await listener(t)
  for (const code of [301, 302, 303, 307, 308]) {
    for (const location of [
      `http://127.0.0.1:${inside.port}/`,
      `//localhost:${inside.port}/`,
      'http://169.254.169.254/',
      'file:///etc/passwd',
      `ftp://127.0.0.1:${inside.port}/`,
      `http://2130706433:${inside.port}/`,
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

test('S85: redirects end after a few hops, and a page that redirects is an answer like others', async (t) => {
  const loop = await listener(t, (req, res) => res.writeHead(302, { location: `${req.url}x` }).end())
  const answer = await ask(`http://files.example:${loop.port}/`, { rules: anywhere, resolver: toHere })
  t.deepEqual(answer, { status: 'failed', detail: 'it redirects too often', mayHaveArrived: true })
  t.is(loop.hits(), 4)
  const page = '<meta http-equiv="refresh" content="0;url=http://127.0.0.1/">'
  const meta = await listener(t, (_, res) => res.writeHead(200, { refresh: '0;url=/again' }).end(page))
  t.like(await ask(`http://files.example:${meta.port}/`, { rules: anywhere, resolver: toHere }), { code: 200 })
  t.is(meta.hits(), 1)
})

test('S85: where none is to be followed a redirect is the answer', async (t) => {
  const inside = await listener(t)
  const outside = await listener(t, (_, res) =>
    res.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end(),
  )
  const options = { rules: anywhere, resolver: toHere }
  const answer = await ask(`http://files.example:${outside.port}/`, options, {
    maxRedirects: 0,
    method: 'POST',
    body: '{}',
  })
  t.like(answer, { status: 'answered', code: 307 })
  t.deepEqual([outside.hits(), inside.hits()], [1, 0])
})

test('S83, S87: this installation itself is refused by its name, and names that only look like another are where they are', async (t) => {
  const asked: string[] = []
  const resolver = async (host: string) => {
    asked.push(host)
    return ['127.0.0.1']
  }
  const rules = openInternetBut('https://inbox.example.com:8443/base')
  for (const own of ['inbox.example.com', 'INBOX.example.com', 'inbox.example.com.', 'inbox.example.com:8443'])
    t.like(await ask(`https://${own}/webhook`, { rules, resolver }), { status: 'refused' }, own)
  t.deepEqual(asked, [], 'not even looked up')
  for (const tricky of ['1.1.1.1.evil.example', 'fbcdn.net.evil.example', 'evil-fbcdn.net', 'localhost.evil.example'])
    t.like(await ask(`http://${tricky}/`, { rules, resolver }), { reason: 'it leads to a private or special address' })
  t.like(await ask('http://cdninstagram.com@evil.example/', { rules, resolver }), {
    reason: 'it has a user name in it',
  })
  t.deepEqual(asked, ['1.1.1.1.evil.example', 'fbcdn.net.evil.example', 'evil-fbcdn.net', 'localhost.evil.example'])
})

test('S86: where only https will do nothing else is called, nor redirected to', async (t) => {
  const here = await listener(t)
  const only = { httpsOnly: true, rules: anywhere }
  t.deepEqual(await ask(`http://files.example:${here.port}/`, { rules: anywhere, resolver: toHere }, only), {
    ...{ status: 'refused', reason: 'it is not an https address' },
  })
  t.is(here.hits(), 0)
  // A listener that knows no TLS: nothing of the request was sent.
  t.like(await ask(`https://files.example:${here.port}/`, { rules: anywhere, resolver: toHere }, only), {
    ...{ status: 'failed', mayHaveArrived: false },
  })
})

test('a caller that gives up is told whether the request may have arrived', async (t) => {
  const caller = new AbortController()
  const silent = await listener(t, () => caller.abort())
  const options = { rules: anywhere, resolver: toHere }
  const late = { signal: caller.signal, timeoutMs: 30_000 }
  t.deepEqual(await ask(`http://files.example:${silent.port}/`, options, late), {
    ...{ status: 'failed', detail: 'it was given up', mayHaveArrived: true },
  })
  t.like(await ask(`http://files.example:${silent.port}/`, options, late), { mayHaveArrived: false })
})

test('S88: no more is read than was asked for, and what is packed stays packed', async (t) => {
  const endless = await listener(t, (_, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip' })
    const timer = setInterval(() => res.write(Buffer.alloc(10_000)), 1)
    res.on('close', () => clearInterval(timer))
  })
  const answer = await ask(`http://files.example:${endless.port}/`, { rules: anywhere, resolver: toHere })
  t.like(answer, { status: 'answered', code: 200, isCut: true })
  t.is(answer.status === 'answered' && answer.body.length, 1_000)
})

test('S88: lengths and types that are not so change nothing of what is read', async (t) => {
  const options = { rules: anywhere, resolver: toHere }
  const huge = await listener(t, (_, res) => {
    res.writeHead(200, { 'content-length': String(10 * 1024 ** 3), 'content-type': 'image/jpeg' })
    res.write(Buffer.alloc(5_000, 'x'))
  })
  t.like(await ask(`http://files.example:${huge.port}/`, options), { status: 'answered', isCut: true })
  const short = await listener(t, (_, res) => {
    res.writeHead(200, { 'content-length': '500' })
    res.write('only this', () => res.destroy())
  })
  t.like(await ask(`http://files.example:${short.port}/`, options), { status: 'failed', mayHaveArrived: true })
  const long = await listener(t, (req) => {
    req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/html\r\n\r\nfour and more')
  })
  const answer = await ask(`http://files.example:${long.port}/`, options)
  if (answer.status === 'answered') t.is(Buffer.from(answer.body).toString(), 'four')
  else t.like(answer, { status: 'failed', mayHaveArrived: true })
  const headers = await listener(t, (_, res) => res.writeHead(200, { padding: 'x'.repeat(20_000) }).end())
  t.like(await ask(`http://files.example:${headers.port}/`, options), { status: 'failed' })
})

test('S88: an answer that does not come, or drips, is given up in time, and so is a name server', async (t) => {
  const silent = await listener(t, () => {})
  const dripping = await listener(t, (_, res) => {
    const timer = setInterval(() => res.write('.'), 10)
    res.on('close', () => clearInterval(timer))
  })
  const late = { status: 'failed', detail: 'no answer in time', mayHaveArrived: true } as const
  const short = { timeoutMs: 100 }
  for (const { port } of [silent, dripping])
    t.deepEqual(await ask(`http://files.example:${port}/`, { rules: anywhere, resolver: toHere }, short), late)
  const deaf = () => new Promise<never>(() => {})
  t.deepEqual(await ask('http://files.example/', { resolver: deaf }, short), {
    ...late,
    mayHaveArrived: false,
  })
})

test('a refused connection, a broken answer and an unknown name are outcomes, not faults', async (t) => {
  const broken = await listener(t, (req) => req.socket.end('nonsense\r\n\r\n'))
  const options = { rules: anywhere, resolver: toHere }
  t.like(await ask(`http://files.example:${broken.port}/`, options), { status: 'failed' })
  t.deepEqual(await ask('http://files.example:1/', options), {
    status: 'failed',
    detail: 'ECONNREFUSED',
    mayHaveArrived: false,
  })
  const unknown = async () => {
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  }
  t.deepEqual(await ask('http://files.example/', { resolver: unknown }), {
    ...{ status: 'failed', detail: 'ENOTFOUND', mayHaveArrived: false },
  })
})

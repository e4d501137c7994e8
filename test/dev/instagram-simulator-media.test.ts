import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'

const PUBLIC = 'https://inbox.example'

/** A simulator that can reach the files of a server, and a customer who has written. */
async function meta(t: ExecutionContext, files: Record<string, readonly [contentType: string, body: Buffer]>) {
  const asked: string[] = []
  const server = createServer((req, res) => {
    if (req.method === 'GET') asked.push(req.url ?? '')
    const [contentType, body] = files[req.url ?? ''] ?? []
    res.writeHead(body ? 200 : 404, { 'content-type': contentType ?? 'text/plain' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const simulator = await createInstagramSimulator({ reach: { [PUBLIC]: here } })
  t.teardown(async () => {
    await simulator.close()
    server.closeAllConnections()
    server.close()
  })
  const account = simulator.account({ webhookUrl: `${here}/webhook` })
  const customer = simulator.customer({ account })
  await simulator.dm(customer, 'Hello')
  const send = async (type: string, url: string) => {
    const response = await fetch(`${simulator.url}/v26.0/${account.id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        recipient: { id: customer.id },
        message: { attachment: { type, payload: { url } } },
      }),
    })
    const { error } = (await response.json()) as { error?: { code: number; error_subcode: number } }
    return error ? `${error.code}/${error.error_subcode}` : 'taken'
  }
  return { asked, send, here, received: () => simulator.received(customer) }
}

// proves: out.media-fetch
test('Meta fetches what is sent, and the ledger says what it got', async (t) => {
  const photo = Buffer.from('the bytes of a photo')
  const { send, received } = await meta(t, { '/photo': ['image/jpeg', photo] })
  t.is(await send('image', `${PUBLIC}/photo`), 'taken')
  const sha256 = createHash('sha256').update(photo).digest('hex')
  t.deepEqual(received()[0]?.attachments, [
    { type: 'image', url: `${PUBLIC}/photo`, fetched: { contentType: 'image/jpeg', bytes: photo.length, sha256 } },
  ])
})

test('what cannot be fetched, is of another type or too large, is refused with Meta’s codes', async (t) => {
  const large = Buffer.alloc(8 * 1024 * 1024 + 1)
  const { send, here, received, asked } = await meta(t, {
    '/page': ['text/html', Buffer.from('<html>')],
    '/large': ['image/png', large],
    '/video': ['video/mp4', large],
  })
  t.is(await send('image', `${PUBLIC}/nothing`), '100/2018008')
  t.is(await send('image', 'https://elsewhere.example/photo'), '100/2018008')
  t.is(await send('image', `${here}/large`), '100/2018008')
  t.is(await send('image', `${PUBLIC}/page`), '100/2018047')
  t.is(await send('image', `${PUBLIC}/video`), '100/2018109')
  t.is(await send('audio', `${PUBLIC}/large`), '100/2018047')
  t.is(await send('image', `${PUBLIC}/large`), '100/2018109')
  t.deepEqual(received(), [])
  t.is(await send('video', `${PUBLIC}/video`), 'taken')
  t.deepEqual(asked, ['/nothing', '/page', '/video', '/large', '/large', '/video'])
})

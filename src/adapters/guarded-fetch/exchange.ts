import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { GuardedAnswer, GuardedRequest } from '../../ports/guarded-client.ts'

const USER_AGENT = 'delightchat-backend'

type Answered = Extract<GuardedAnswer, { status: 'answered' }>

/**
 * One request to one of these addresses, whatever its name resolves to meanwhile. Redirects are answers like others. `connected`
 * is called once the other side may read what is sent: over https when it has shown its certificate.
 */
export function exchange(
  url: URL,
  addresses: readonly string[],
  { method, headers, body, maxBytes }: GuardedRequest,
  { signal, connected }: Readonly<{ signal: AbortSignal; connected: () => void }>,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const begin = url.protocol === 'https:' ? requestSecure : requestPlain
    const req: ClientRequest = begin(
      url,
      {
        method,
        // A connection of its own: a pooled one could have been made under other rules.
        agent: false,
        lookup: pinned(addresses),
        headers: { ...headers, 'User-Agent': USER_AGENT, 'Accept-Encoding': 'identity', Connection: 'close' },
        maxHeaderSize: 16_384,
        signal,
      },
      (res) => {
        read(res, maxBytes).then(({ bytes, isCut }) => {
          req.destroy()
          resolve({ status: 'answered', code: res.statusCode ?? 0, headers: plain(res), body: bytes, isCut })
        }, reject)
      },
    )
    req.on('socket', (socket) => socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected))
    req.on('error', reject)
    req.end(body)
  })
}

/** What was checked is what is connected to. Node asks here instead of the name server; addresses in the URL it takes as they are. */
const pinned =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, callback) => {
    const entries = addresses.map((address) => ({ address, family: isIP(address) }))
    if (options.all) return callback(null, entries)
    const [first] = entries
    callback(null, first?.address ?? '', first?.family)
  }

async function read(res: IncomingMessage, maxBytes: number): Promise<{ bytes: Buffer; isCut: boolean }> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of res as AsyncIterable<Buffer>) {
    pieces.push(piece.subarray(0, maxBytes - length))
    length += piece.length
    if (length > maxBytes) return { bytes: Buffer.concat(pieces), isCut: true }
  }
  return { bytes: Buffer.concat(pieces), isCut: false }
}

const plain = (res: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(res.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )

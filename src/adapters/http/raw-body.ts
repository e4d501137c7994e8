import type { IncomingMessage } from 'node:http'

export type RawBody = Buffer | 'too-large' | 'aborted'

const NOTHING = Buffer.alloc(0)

/**
 * The exact bytes of a body, not decoded. Stops collecting beyond `maxBytes`, and where `grow` has no room for more. Leaner than a
 * body parser: no content type, no encoding, no copy of a body that arrived in one piece.
 */
export function readRawBody(req: IncomingMessage, maxBytes: number): Promise<RawBody>
export function readRawBody(
  req: IncomingMessage,
  maxBytes: number,
  grow: (bytes: number) => boolean,
): Promise<RawBody | 'no-room'>
export function readRawBody(
  req: IncomingMessage,
  maxBytes: number,
  grow: (bytes: number) => boolean = () => true,
): Promise<RawBody | 'no-room'> {
  return new Promise((resolve) => {
    const declared = req.headers['content-length']
    if (declared !== undefined && Number(declared) > maxBytes) return resolve('too-large')

    let first: Buffer | undefined
    let rest: Buffer[] | undefined
    let length = 0
    let isOver = false
    req.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (isOver) return
      if (length > maxBytes || !grow(chunk.length)) {
        isOver = true
        first = rest = undefined
        resolve(length > maxBytes ? 'too-large' : 'no-room')
      } else if (first === undefined) first = chunk
      else if (rest === undefined) rest = [first, chunk]
      else rest.push(chunk)
    })
    req.on('end', () => resolve(rest === undefined ? (first ?? NOTHING) : Buffer.concat(rest, length)))
    // `close` follows `end` too; then it is too late to change the outcome.
    req.on('close', () => resolve('aborted'))
    req.on('error', () => resolve('aborted'))
  })
}

/** After a refusal: reads on so that the client can see the answer, but not for ever. */
export function discardRest(req: IncomingMessage, maxBytes: number): void {
  let length = 0
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > maxBytes) req.destroy()
  })
  req.resume()
}

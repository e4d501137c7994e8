import type { EventView } from '../../../ports/views.ts'

/** Browsers wait this long before they reconnect. */
const RETRY_MS = 3_000

/** What a stream begins with. */
export const opening = `retry: ${RETRY_MS}\n\n`
/** A comment: keeps proxies from closing a quiet stream, and shows us that the reader is gone. */
export const heartbeat = ': hb\n\n'

/** JSON has no line breaks, so `data` is always one line. */
export const eventFrame = (event: EventView): string =>
  `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

export type StreamEvent =
  | Readonly<{ type: 'stream.hello'; data: { seq: number; serverTime: Date; heartbeatSeconds: number } }>
  | Readonly<{ type: 'stream.reset'; data: { seq: number; reason: string } }>
  | Readonly<{ type: 'stream.goodbye'; data: { reason: string; reconnectAfterMs: number } }>

/** Without an `id` line: an empty one would make the reader forget where it is. */
export const streamFrame = ({ type, data }: StreamEvent): string => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`

const CHUNK = 64 * 1024

/** Small frames go out together, large ones alone: about so much waits for one reader at a time. */
export function* chunksOf(frames: readonly string[]): Generator<string> {
  let chunk = ''
  for (const frame of frames) {
    chunk += frame
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

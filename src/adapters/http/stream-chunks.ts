import type { ServerResponse } from 'node:http'
import type { ByteRange } from './byte-range.ts'

export type ChunkedFile = Readonly<{
  /** Null where the file is gone. */
  chunkOf: (position: number) => Promise<Uint8Array | null>
  /** Each piece but the last has so many. */
  chunkBytes: number
  range: ByteRange
  /** Called with the first piece in hand: from here on the answer is a good one. */
  begin: () => unknown
  /** What whoever asks is told instead, where there is no first piece any more. */
  gone: () => Error
}>

/**
 * Piece by piece, no faster than the client takes them. A file that goes before its first piece is read is an answer like any other;
 * one that goes later breaks off, and says so by that.
 */
export async function streamChunks(
  res: ServerResponse,
  { chunkOf, chunkBytes, range: { start, end }, begin, gone }: ChunkedFile,
): Promise<void> {
  for (let at = start; at <= end; ) {
    const position = Math.floor(at / chunkBytes)
    const first = position * chunkBytes
    const part = (await chunkOf(position))?.subarray(at - first, end + 1 - first)
    if (!part?.length && at === start) throw gone()
    if (!part?.length || res.destroyed) return void res.destroy()
    if (at === start) begin()
    at += part.length
    if (!res.write(part)) await drained(res)
  }
  res.end()
}

/** Or closed: then there is nobody to write for. */
const drained = (res: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done)
      resolve()
    }
    res.on('drain', done).on('close', done)
  })

/** The same bytes in pieces of one size, but for the last. Holds one piece at a time; an empty body has none. */
export async function* inChunks(body: AsyncIterable<Uint8Array>, chunkBytes: number): AsyncGenerator<Uint8Array> {
  let chunk = new Uint8Array(chunkBytes)
  let filled = 0
  for await (const piece of body) {
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + chunkBytes - filled)
      chunk.set(part, filled)
      filled += part.length
      taken += part.length
      if (filled === chunkBytes) {
        yield chunk
        // Whoever got it may still write it.
        chunk = new Uint8Array(chunkBytes)
        filled = 0
      }
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled)
}

import { randomBytes, randomFillSync } from 'node:crypto'
import type { IdSource } from '../ports/id-source.ts'

const MAX_COUNTER = 0xfff

/**
 * UUIDv7 that ascend within this process: the 12 bits after the version count within a millisecond (RFC 9562, method 1),
 * since the built-in generator fills them at random.
 */
export function createIdSource(now: () => number = Date.now): IdSource {
  const bytes = Buffer.alloc(16)
  let lastMs = 0
  let counter = 0
  return {
    next() {
      const ms = now()
      if (ms > lastMs) {
        lastMs = ms
        counter = randomBytes(2).readUInt16BE() & 0x7ff
      } else if (++counter > MAX_COUNTER) {
        lastMs++
        counter = 0
      }
      randomFillSync(bytes, 8)
      bytes.writeUIntBE(lastMs, 0, 6)
      bytes[6] = 0x70 | (counter >> 8)
      bytes[7] = counter & 0xff
      bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
      const hex = bytes.toString('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
  }
}

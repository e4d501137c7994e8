import { readAddress, startsAlike } from './public-address.ts'

/** Whether it is a network in CIDR notation, or one address. */
export const isNetwork = (text: string): boolean => readNetwork(text) !== null

/** Whether an address lies in a network. An IPv4 address that came over IPv6 counts as what it is. */
export function isInNetwork(address: string, network: string): boolean {
  const [bytes, of] = [plain(readAddress(address)), readNetwork(network)]
  return bytes !== null && of !== null && startsAlike(bytes, of.bytes, of.bits)
}

function readNetwork(text: string): Readonly<{ bytes: readonly number[]; bits: number }> | null {
  const [address = '', prefix, ...more] = text.split('/')
  const bytes = readAddress(address)
  if (bytes === null || more.length > 0 || address.includes('%')) return null
  if (prefix === undefined) return { bytes, bits: bytes.length * 8 }
  const bits = /^(0|[1-9]\d{0,2})$/.test(prefix) ? Number(prefix) : Number.NaN
  return bits <= bytes.length * 8 ? { bytes, bits } : null
}

const MAPPED = [...Array<number>(10).fill(0), 0xff, 0xff]

const plain = (bytes: readonly number[] | null): readonly number[] | null =>
  bytes?.length === 16 && MAPPED.every((byte, at) => bytes[at] === byte) ? bytes.slice(12) : bytes

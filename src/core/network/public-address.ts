/**
 * Which addresses lie on the open internet. The special ones are those of IANA's registries for IPv4 and IPv6; of IPv6 only
 * global unicast (2000::/3) counts at all.
 */
const SPECIAL_V4: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Link-local, and where clouds answer what a machine may do.
  ['169.254.0.0', 16],
  ['168.63.129.16', 32],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

const SPECIAL_V6: readonly (readonly [address: string, prefix: number])[] = [
  // Protocol assignments, Teredo among them, which carries an IPv4 address of anybody's choice.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

/** IPv6 addresses that stand for the IPv4 address in their last four bytes: mapped, and NAT64. */
const CARRIERS = ['::ffff:0:0', '64:ff9b::']

/** Whether an address, IPv4 with dots or IPv6, can be reached from anywhere. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  const v4 = readV4(address)
  if (v4) return !SPECIAL_V4.some(([special, prefix]) => startsAlike(v4, readV4(special), prefix))
  const v6 = readV6(address)
  if (!v6) return false
  if (CARRIERS.some((carrier) => startsAlike(v6, readV6(carrier), 96))) {
    return isPublicAddress(v6.slice(12).join('.'))
  }
  return (
    startsAlike(v6, readV6('2000::'), 3) &&
    !SPECIAL_V6.some(([special, prefix]) => startsAlike(v6, readV6(special), prefix))
  )
}

/** The bytes of an address, 4 or 16; null for what is none. */
export const readAddress = (text: string): readonly number[] | null => readV4(text) ?? readV6(text)

/** Whether it has the form of an address. A name that looks like one in another notation has not. */
export const isAddress = (host: string): boolean => readAddress(host) !== null

/** Whether two addresses of one kind have the same first bits. */
export function startsAlike(a: readonly number[], b: readonly number[] | null, bits: number): boolean {
  if (b === null || a.length !== b.length) return false
  return a.every((byte, index) => {
    const left = Math.min(8, Math.max(0, bits - 8 * index))
    return byte >> (8 - left) === (b[index] ?? 0) >> (8 - left)
  })
}

function readV4(text: string): readonly number[] | null {
  if (!/^(\d{1,3})(\.\d{1,3}){3}$/.test(text)) return null
  const bytes = text.split('.').map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : null
}

function readV6(text: string): readonly number[] | null {
  const [address = '', ...zone] = text.toLowerCase().split('%')
  if (!address.includes(':') || zone.length > 1) return null
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const last = tail && readV4(tail[2] ?? '')
  if (tail && !last) return null
  const groupsOnly =
    tail && last ? `${tail[1]}${last.slice(0, 2).map(hex).join('')}:${last.slice(2).map(hex).join('')}` : address
  const [head = '', rest, ...more] = groupsOnly.split('::')
  if (more.length > 0) return null
  const left = head === '' ? [] : head.split(':')
  const right = rest === undefined || rest === '' ? [] : rest.split(':')
  const missing = 8 - left.length - right.length
  if (rest === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...left, ...Array<string>(Math.max(0, missing)).fill('0'), ...right]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

import { DomainError } from '../errors.ts'
import { type FileKind, KINDS, kindNamed } from './file-kinds.ts'

/** As many first bytes as `sniff` wants to see; fewer are fine where the file has no more. */
export const HEAD_BYTES = 1024

/**
 * What the first bytes say it is, the likeliest first: a container such as MP4 holds sound or pictures. Empty: none of ours.
 * Looks a step past the signature, since a script can begin with one.
 */
export function sniff(head: Uint8Array): readonly FileKind[] {
  if (starts(head, [0xff, 0xd8, 0xff])) return isJpeg(head) ? picture(head, KINDS.jpeg) : []
  if (starts(head, [0x89, ...ascii('PNG'), 0x0d, 0x0a, 0x1a, 0x0a]))
    return has(head, 8, [0, 0, 0, 13, ...ascii('IHDR')]) ? picture(head, KINDS.png) : []
  if (starts(head, ascii('GIF87a')) || starts(head, ascii('GIF89a'))) return isGif(head) ? picture(head, KINDS.gif) : []
  if (has(head, 4, ascii('ftyp'))) return isoMedia(head)
  if (starts(head, ascii('RIFF'))) {
    if (has(head, 8, ascii('AVI '))) return [KINDS.avi]
    return has(head, 8, ascii('WAVE')) ? [KINDS.wav] : []
  }
  if (starts(head, ascii('OggS'))) return head[4] === 0 ? [KINDS.ogg] : []
  if (starts(head, [0x1a, 0x45, 0xdf, 0xa3])) return find(head.subarray(0, 64), ascii('webm')) ? [KINDS.webm] : []
  if (starts(head, ascii('%PDF-'))) return /^\d\.\d$/.test(text(head.subarray(5, 8))) ? [KINDS.pdf] : []
  return isAdts(head) ? [KINDS.aac] : []
}

/** The kind of a file by its bytes, which what the client declares must not contradict. Throws `attachment-unsupported`. */
export function kindOf(head: Uint8Array, declared: string | null): FileKind {
  const found = sniff(head)
  const [likeliest] = found
  if (!likeliest)
    throw new DomainError('attachment-unsupported', `The bytes are none of ${Object.keys(KINDS).join(', ')}.`)
  if (declared === null) return likeliest
  const named = kindNamed(declared)
  if (named && found.includes(named)) return named
  throw new DomainError(
    'attachment-unsupported',
    `The bytes are ${likeliest.contentType}, and the request declares something else.`,
  )
}

const ascii = (word: string): readonly number[] => [...word].map((letter) => letter.charCodeAt(0))
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const has = (bytes: Uint8Array, at: number, wanted: readonly number[]): boolean =>
  wanted.every((byte, index) => bytes[at + index] === byte)
const starts = (bytes: Uint8Array, wanted: readonly number[]): boolean => has(bytes, 0, wanted)
const find = (bytes: Uint8Array, wanted: readonly number[]): boolean =>
  bytes.some((_, index) => has(bytes, index, wanted))

/** A segment that can come first: an application's, a comment, tables or a frame. */
const isJpeg = (head: Uint8Array): boolean => {
  const marker = head[3] ?? 0
  return (marker >= 0xe0 && marker <= 0xef) || [0xfe, 0xdb, 0xc4, 0xc0, 0xc1, 0xc2].includes(marker)
}

/** Behind the screen and its colours comes an image, an extension or the end. */
function isGif(head: Uint8Array): boolean {
  const flags = head[10] ?? 0
  const colours = flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0
  return [0x21, 0x2c, 0x3b].includes(head[13 + colours] ?? 0)
}

function isoMedia(head: Uint8Array): readonly FileKind[] {
  const size = ((head[0] ?? 0) << 24) | ((head[1] ?? 0) << 16) | ((head[2] ?? 0) << 8) | (head[3] ?? 0)
  if (size < 16 || size > 512) return []
  const brand = text(head.subarray(8, 12))
  if (brand === 'qt  ') return [KINDS.mov]
  if (/^M4[AB] $/.test(brand)) return [KINDS.m4a]
  // Pictures in the same container, which no network here takes: HEIC and AVIF.
  if (/^(hei|hev|mif1|msf1|avi)/.test(brand)) return []
  return /^(iso[m2-9]|mp4[12]|avc1|dash|MSNV|M4V[ HP]|mmp4|f4v |3gp\d|3g2a)$/.test(brand) ? [KINDS.mp4, KINDS.m4a] : []
}

/** Sound in frames: a sync word, then a layer, a rate and a length that exist. */
const isAdts = (head: Uint8Array): boolean => {
  const [first, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = head
  const frameBytes = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5)
  return first === 0xff && (second & 0xf6) === 0xf0 && ((third >> 2) & 0xf) < 13 && frameBytes > 7
}

const MARKUP = /<(!doctype|html|head|body|script|svg|iframe|\?php|\?xml-stylesheet)/i

/** A picture that begins with a page is made to be taken for one. */
const picture = (head: Uint8Array, kind: FileKind): readonly FileKind[] =>
  MARKUP.test(text(head.subarray(0, HEAD_BYTES))) ? [] : [kind]

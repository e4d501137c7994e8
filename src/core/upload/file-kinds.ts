import { DomainError } from '../errors.ts'

export type FileType = 'IMAGE' | 'VIDEO' | 'AUDIO' | 'FILE'

/** What is taken at all: what some network can carry, and what can be told by its bytes. */
export type FileKind = Readonly<{
  type: FileType
  contentType: string
  /** The first is for names without one. */
  extensions: readonly string[]
  /** What others call it. */
  aliases: readonly string[]
}>

const kind = (
  type: FileType,
  contentType: string,
  extensions: readonly string[],
  aliases: readonly string[] = [],
): FileKind => ({ type, contentType, extensions, aliases })

export const KINDS = {
  jpeg: kind('IMAGE', 'image/jpeg', ['jpg', 'jpeg'], ['image/jpg', 'image/pjpeg']),
  png: kind('IMAGE', 'image/png', ['png'], ['image/x-png']),
  gif: kind('IMAGE', 'image/gif', ['gif']),
  mp4: kind('VIDEO', 'video/mp4', ['mp4', 'm4v'], ['video/x-m4v']),
  mov: kind('VIDEO', 'video/quicktime', ['mov', 'qt']),
  avi: kind('VIDEO', 'video/x-msvideo', ['avi'], ['video/avi', 'video/msvideo', 'video/vnd.avi']),
  webm: kind('VIDEO', 'video/webm', ['webm']),
  ogg: kind('VIDEO', 'video/ogg', ['ogv', 'ogg']),
  m4a: kind('AUDIO', 'audio/mp4', ['m4a', 'mp4'], ['audio/x-m4a', 'audio/m4a']),
  aac: kind('AUDIO', 'audio/aac', ['aac'], ['audio/x-aac', 'audio/aacp']),
  wav: kind('AUDIO', 'audio/wav', ['wav'], ['audio/x-wav', 'audio/wave', 'audio/vnd.wave']),
  pdf: kind('FILE', 'application/pdf', ['pdf'], ['application/x-pdf']),
} as const

/** For a type as a client declares it, parameters and all; null where it is none of ours. */
export function kindNamed(contentType: string): FileKind | null {
  const name = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return Object.values<FileKind>(KINDS).find((one) => one.contentType === name || one.aliases.includes(name)) ?? null
}

const MEGABYTE = 1024 * 1024

/** Instagram's limits, the narrowest of the networks. */
export const MAX_BYTES: Readonly<Record<FileType, number>> = {
  IMAGE: 8 * MEGABYTE,
  VIDEO: 25 * MEGABYTE,
  AUDIO: 25 * MEGABYTE,
  FILE: 25 * MEGABYTE,
}

/** Of any type. */
export const MAX_UPLOAD_BYTES = Math.max(...Object.values(MAX_BYTES))

export const tooLarge = (maxBytes: number, what = 'A file'): DomainError =>
  new DomainError('payload-too-large', `${what} may have ${maxBytes} bytes at most.`, { extra: { maxBytes } })

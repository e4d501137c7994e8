import { storableText } from '../../core/channel/content.ts'

/** An object of which only the named members are read, and none of them trusted. */
export type Shape<Keys extends string> = Readonly<Partial<Record<Keys, unknown>>>

export const asShape = <Expected extends Shape<string>>(value: unknown): Expected | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Expected) : null

/** A list, a single thing where a list was meant, or nothing. */
export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

export const has = (value: unknown): boolean => value !== undefined && value !== null

/** Text fit to be stored; null for an empty one and for anything that is no text. */
export const readText = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? storableText(value) : null

export const readFlag = (value: unknown): boolean => value === true || value === 'true'

/** Ids are compared and indexed: bounded in bytes, and refused rather than repaired where a character cannot be stored. */
export function readId(value: unknown, maxBytes = 128): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null
  if (typeof value !== 'string' || value === '') return null
  return Buffer.byteLength(value) <= maxBytes && storableText(value) === value ? value : null
}

const MAX_URL_CHARS = 8192

/** A link that a client may show: never `javascript:` or `data:`. */
export function readUrl(value: unknown): string | null {
  const text = readText(value)
  return text !== null && text.length <= MAX_URL_CHARS && /^https?:\/\//i.test(text) ? text : null
}

/** A whole number, also as a string of digits. */
export function readWhole(value: unknown): number | null {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null
}

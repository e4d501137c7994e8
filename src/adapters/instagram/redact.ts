import { asShape, type Shape } from '../channel-kit/fields.ts'
import { readJson } from '../channel-kit/json.ts'

/** What carries a message's words, by the key it is under. */
const WORDED = new Set(['message', 'message_edit', 'postback'])

/** What says which message it was, and by whom; everything else is somebody's words or leads to them. */
const KEPT = new Set(['mid', 'is_echo', 'is_self', 'is_deleted'])

/** The body without the words of these messages. Their neighbours stay as they are, up to the form of numbers. */
export function redactMessages(body: string, gone: ReadonlySet<string>): string {
  const json = readJson(Buffer.from(body))
  return json.ok ? JSON.stringify(redacted(json.value, gone)) : ''
}

/** Deep, but not too deep: `readJson` has refused what nests further than any body does. */
function redacted(value: unknown, gone: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => redacted(item, gone))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      WORDED.has(key) && isOf(member, gone) ? wordless(member) : redacted(member, gone),
    ]),
  )
}

function isOf(value: unknown, gone: ReadonlySet<string>): value is object {
  const mid = asShape<Shape<'mid'>>(value)?.mid
  return (typeof mid === 'string' || typeof mid === 'number') && gone.has(String(mid))
}

const wordless = (value: object): object => Object.fromEntries(Object.entries(value).filter(([key]) => KEPT.has(key)))

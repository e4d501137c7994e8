import fc from 'fast-check'

type Json = unknown
type Path = readonly (string | number)[]

/** What a hostile or careless sender puts where something else belongs. */
const junk: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, 1e30, 2 ** 53, '', '0', 'x', [], {}, [null], [[]]),
  fc.constantFrom<Json>(
    'a\0b',
    '\ud83d',
    'x'.repeat(3000),
    'javascript:alert(1)',
    { toString: 1, valueOf: 1 },
    { length: 3 },
    { toJSON: 'x' },
    JSON.parse('{"__proto__":{"message":{"mid":"p"}},"constructor":{"prototype":{}}}'),
    { $ne: 1 },
    '1789000000',
    253402300800000,
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
)

const keys = fc.constantFrom(
  ...['id', 'mid', 'text', 'message', 'postback', 'optin', 'message_edit', 'is_echo', 'is_deleted', 'is_self'],
  ...['sender', 'recipient', 'timestamp', 'attachments', 'reply_to', 'story', 'quick_reply', 'from', 'media', 'value'],
  ...[
    'comment_id',
    'parent_id',
    'num_edit',
    'payload',
    'type',
    'url',
    'title',
    'generic',
    'elements',
    '__proto__',
    'toString',
  ],
)

export type Mutation = Readonly<{
  pick: number
  action: 'replace' | 'remove' | 'add' | 'wrap' | 'repeat'
  key: string
  value: Json
}>

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  pick: fc.nat(),
  action: fc.constantFrom('replace', 'remove', 'add', 'wrap', 'repeat'),
  key: keys,
  value: junk,
})

/** A copy of `root`, changed at a place below it. */
export function mutate(root: Json, mutations: readonly Mutation[]): Json {
  return mutations.reduce((current: Json, { pick, action, key, value }) => {
    const paths = pathsOf(current)
    const path = paths[pick % paths.length] ?? []
    return changeAt(current, path, (old) => {
      if (action === 'replace') return value
      if (action === 'remove') return undefined
      if (action === 'wrap') return [old]
      if (action === 'repeat') return Array.isArray(old) ? [...old, ...old] : [old, old]
      if (Array.isArray(old)) return [value, ...old]
      return isRecord(old) ? withMember(old, key, value) : { [key]: old }
    })
  }, structuredClone(root))
}

function pathsOf(value: Json, path: Path = []): readonly Path[] {
  const children: readonly (readonly [string | number, Json])[] = Array.isArray(value)
    ? value.map((child: Json, index) => [index, child] as const)
    : isRecord(value)
      ? Object.entries(value)
      : []
  return [path, ...children.flatMap(([key, child]) => pathsOf(child, [...path, key]))]
}

function changeAt(value: Json, path: Path, change: (old: Json) => Json): Json {
  const [key, ...rest] = path
  if (key === undefined) return change(value)
  if (Array.isArray(value)) {
    return value.flatMap((child: Json, index) => {
      if (index !== key) return [child]
      const changed = changeAt(child, rest, change)
      return changed === undefined ? [] : [changed]
    })
  }
  return isRecord(value) ? withMember(value, String(key), changeAt(value[key], rest, change)) : value
}

/** Also for `__proto__`, which has to become a member of its own as JSON.parse makes it. */
function withMember(record: Record<string, Json>, key: string, value: Json): Json {
  const entries = Object.entries(record).filter(([name]) => name !== key)
  return Object.fromEntries(value === undefined ? entries : [...entries, [key, value]])
}

const isRecord = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

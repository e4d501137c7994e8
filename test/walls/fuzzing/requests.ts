import * as fc from 'fast-check'
import type { Contract, ContractOperation } from '../../../src/adapters/http/contract.ts'
import { isRecord, toPointer } from '../../../src/adapters/schema-kit/json-pointer.ts'
import { hostileHeader, hostileText, hostileValue, spoiledTexts } from './hostile.ts'
import { isNamed, type Known, validValues } from './valid-values.ts'

/** Whose call it is. Most are an owner's, who may do everything: others learn too little of what is behind. */
export const CALLERS = [
  'OWNER',
  'ADMIN',
  'AGENT',
  'VIEWER',
  'passing',
  'nobody',
  'stranger',
  'key',
  'keyOfChannel',
] as const
export type CallerName = (typeof CALLERS)[number]

/** Programs: one that may do all that a key can, and one for a single channel. */
export const isKey = (name: CallerName): boolean => name.startsWith('key')
export const takesKeys = ({ security }: ContractOperation): boolean => security.includes('apiKey')

/** One thing that is done to a call which was right. */
export type Spoil =
  | Readonly<{ what: 'value'; at: number; value: unknown }>
  | Readonly<{ what: 'missing'; at: number }>
  | Readonly<{ what: 'further'; name: string; value: unknown }>
  | Readonly<{ what: 'text'; how: string }>
  | Readonly<{ what: 'query'; at: number; text: string }>
  | Readonly<{ what: 'further query'; name: string; text: string }>
  | Readonly<{ what: 'query twice'; at: number }>
  | Readonly<{ what: 'letter'; at: number; letter: string }>
  | Readonly<{ what: 'header'; header: readonly [string, string] }>
  | Readonly<{ what: 'path'; at: number; text: string }>

export type Fuzzed = Readonly<{
  caller: CallerName
  /** Which of one's own things it is about, of those that there are several of. */
  which: number
  params: Readonly<Record<string, unknown>>
  query: Readonly<Record<string, unknown>>
  headers: Readonly<Record<string, unknown>>
  body: unknown
  spoils: readonly Spoil[]
}>

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'id',
  'orgId',
  'role',
  '',
  'a[__proto__][polluted]',
  '$where',
]
const LETTERS = ['A', '_', '-', '.', '=', '%', '+', '/', '\u0000', "'", 'é']

/** Signing in ends the session that one had, too: these are called with one that nothing else needs. */
export const endsSessions = ({ template }: ContractOperation): boolean => template.startsWith('/auth/')

/** Every call of an operation: as the contract describes it, and spoilt in up to three places. */
export function requestsOf(contract: Contract, operation: ContractOperation, known: Known): fc.Arbitrary<Fuzzed> {
  const valuesAt = validValues(contract, operation, known)
  const { parameters, body, raw } = operation

  const parametersIn = (part: 'path' | 'query' | 'header') => {
    const of = parameters.filter((parameter) => parameter.in === part)
    const values = of.map(({ name, pointer }) => {
      // Things of the path are those of the organization; what else is in a path is known by name.
      const isThing =
        part === 'path' && known[`${operation.operationId}.${name}`] === undefined && known[name] === undefined
      const value = isThing
        ? fc.constant({ thing: name })
        : valuesAt(pointer, { operation, in: part, at: [], known }, name)
      return [name, value] as const
    })
    const requiredKeys = of.filter(({ required }) => required).map(({ name }) => name)
    return fc.record(Object.fromEntries(values), { requiredKeys }) as fc.Arbitrary<Record<string, unknown>>
  }

  const schema = operation.pointer + toPointer('requestBody', 'content', 'application/json', 'schema')
  const bodies: fc.Arbitrary<unknown> =
    known[`${operation.operationId} body`] ??
    (body !== 'json' || raw ? fc.constant(undefined) : valuesAt(schema, { operation, in: 'body', at: [], known }, ''))

  const at = fc.nat({ max: 30 })
  const inQuery: fc.Arbitrary<Spoil>[] = [
    fc.record({ what: fc.constant('query' as const), at, text: hostileText }),
    fc.record({ what: fc.constant('query twice' as const), at }),
    fc.record({ what: fc.constant('letter' as const), at, letter: fc.constantFrom(...LETTERS) }),
  ]
  const inBody: fc.Arbitrary<Spoil>[] = [
    fc.record({ what: fc.constant('value' as const), at, value: hostileValue }),
    fc.record({ what: fc.constant('value' as const), at, value: hostileValue }),
    fc.record({ what: fc.constant('missing' as const), at }),
    fc.record({ what: fc.constant('further' as const), name: fc.constantFrom(...NAMES), value: hostileValue }),
    fc.record({ what: fc.constant('text' as const), how: fc.constantFrom(...spoiledTexts) }),
  ]
  const spoil = fc.oneof(
    fc.record({ what: fc.constant('header' as const), header: hostileHeader }),
    fc.record({ what: fc.constant('further query' as const), name: fc.constantFrom(...NAMES), text: hostileText }),
    ...(operation.template.includes('{')
      ? [fc.record({ what: fc.constant('path' as const), at, text: hostileText })]
      : []),
    ...(parameters.some((parameter) => parameter.in === 'query') ? inQuery : []),
    ...(body === 'none' ? [] : inBody),
  ) as fc.Arbitrary<Spoil>

  const isPassing = endsSessions(operation)
  const owns: CallerName = isPassing ? 'passing' : 'OWNER'
  const others = CALLERS.filter((name) => (isPassing ? name === 'nobody' || isKey(name) : name !== 'passing'))
  return fc.record({
    caller: fc.oneof(
      { weight: 20, arbitrary: fc.constant<CallerName>(owns) },
      { weight: 3, arbitrary: fc.constantFrom<CallerName>(...others) },
      ...(takesKeys(operation)
        ? [{ weight: 6, arbitrary: fc.constantFrom<CallerName>('key', 'key', 'keyOfChannel') }]
        : []),
    ),
    which: fc.nat({ max: 1_000 }),
    params: parametersIn('path'),
    query: parametersIn('query'),
    headers: parametersIn('header'),
    body: bodies,
    spoils: fc.oneof(
      { weight: 1, arbitrary: fc.constant<readonly Spoil[]>([]) },
      { weight: 2, arbitrary: fc.array(spoil, { minLength: 1, maxLength: 3 }) },
    ),
  })
}

/** The value with its things in it. Throws for one that nobody has. */
export function filled(value: unknown, ids: Readonly<Record<string, string>>): unknown {
  if (isNamed(value)) {
    const id = ids[value.thing]
    if (id === undefined)
      throw new Error(`nothing for ${value.thing}: say in grounds.ts how an organization comes by one`)
    return id
  }
  if (Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map((one) => filled(one, ids))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, ids)]))
}

import type { Contract, ContractOperation } from '../../../src/adapters/http/contract.ts'
import { isPermission, permissionsOf, ROLES, type Role } from '../../../src/core/member/permissions.ts'
import { bodies } from '../../adapters/http/support/organization-with-everything.ts'
import { sampleFile } from '../../support/sample-files.ts'
import { ids as newIds } from '../../support/seed.ts'
import type { Asked } from './calls.ts'
import { type Field, fieldsOf } from './fields.ts'
import { type Expected, NOT_FOUND, ruleOf, type Thing } from './rules.ts'
import type { Shop, ShopIds, TwoShops } from './two-shops.ts'

/** Which of the things in a request are not one's own. */
type Swap = Readonly<{
  operation: ContractOperation
  things: readonly Thing[]
  field: Field | null
  expected: Expected
}>

export type Case = Readonly<{
  title: string
  role: Role
  expected: Expected
  /** With the other organization's things, and the same with some that nobody has. `ids` are those in the place. */
  theirs: Call
  nobodys: Call
}>
export type Call = Readonly<{ method: string; path: string; asked: Asked; ids: ShopIds }>

const TAKES_A_SESSION: Expected = { status: 403, code: 'session-required' }
const FORBIDDEN: Expected = { status: 403, code: 'forbidden' }

/** Every way to put another organization's id into an operation; throws for a field or a path that it has nothing for. */
export function swapsOf(contract: Contract): readonly Swap[] {
  return contract.operations.flatMap((operation) => {
    const { template } = operation
    const fields = fieldsOf(contract, operation)
    const inPath = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
    const isOurs = template.startsWith('/orgs/{orgId}/')
    const named = fields.flatMap((field) => {
      if (field.in === 'path' && isOurs) return []
      const rule = ruleOf(field)
      return rule ? [{ operation, things: [rule.thing], field, expected: rule.expected }] : []
    })
    if (!isOurs) return named
    const things = inPath.filter((name) => name !== 'orgId')
    const sets = [
      ...things.map((name) => [name]),
      ...(things.length > 1 ? [things] : []),
      ['orgId'],
      ...(things.length > 0 ? [inPath] : []),
      ...things.filter(() => things.length > 1).map((name) => ['orgId', name]),
    ]
    return [...sets.map((names) => ({ operation, things: names, field: null, expected: NOT_FOUND })), ...named]
  })
}

/** The swaps as calls of a member of `mine` with the things of `theirs`. */
export function casesOf(swaps: readonly Swap[], mine: Shop, theirs: Shop): readonly Case[] {
  return swaps.flatMap((swap) => ROLES.map((role) => caseOf(swap, role, mine.tokens[role], mine, theirs)))
}

/** The same of somebody who belongs to both, below the path of the first. */
export function casesOfBoth(swaps: readonly Swap[], { shops, ownerOfBoth }: TwoShops): readonly Case[] {
  const own = swaps.filter(({ operation, things }) => !things.includes('orgId') && operation.permission !== 'public')
  return own.map((swap) => caseOf(swap, 'OWNER', ownerOfBoth, shops[0], shops[1]))
}

/** The same of a program with an API key of the owner's. */
export function casesOfKey(swaps: readonly Swap[], mine: Shop, theirs: Shop): readonly Case[] {
  const closed = swaps.filter(({ operation }) => operation.template.startsWith('/orgs/{orgId}/'))
  return closed.map((swap) => {
    const { title, ...tried } = caseOf(swap, 'OWNER', mine.apiKey, mine, theirs)
    const takesKeys = swap.operation.security.includes('apiKey') || swap.things.includes('orgId')
    const expected = takesKeys ? tried.expected : TAKES_A_SESSION
    return { ...tried, title: `${title}, with a key`, expected }
  })
}

function caseOf(swap: Swap, role: Role, token: string, mine: Shop, theirs: Shop): Case {
  const { operation, things, field, expected } = swap
  const { permission } = operation
  const isElsewhere = things.includes('orgId')
  const may = isElsewhere || !isPermission(permission) || permissionsOf(role).has(permission)
  const place = field === null ? 'path' : `${field.in} ${field.at.join('.') || field.name}`
  const callWith = (ids: ShopIds) => callOf(swap, token, mine.ids, ids)
  const absent = Object.fromEntries(things.map((thing) => [thing, nobodys(thing, mine.ids)]))
  return {
    title: `${operation.operationId} by ${role}, ${things.join(' and ')} in the ${place}`,
    role,
    expected: may ? expected : FORBIDDEN,
    theirs: callWith(Object.fromEntries(things.map((thing) => [thing, idOf(thing, theirs.ids)]))),
    nobodys: callWith(absent),
  }
}

function idOf(thing: Thing, ids: ShopIds): string {
  const id = ids[thing]
  if (id === undefined) throw new Error(`no ${thing} was seeded: say in two-shops.ts how an organization comes by one`)
  return id
}

/** Well-formed, and nobody's. */
function nobodys(thing: Thing, own: ShopIds): string {
  if (thing === 'state') return `${newIds.next()}.${'s'.repeat(43)}`
  if (thing === 'choice') return `${idOf('orgId', own)}.${'s'.repeat(43)}`
  // Cursors are signed: one's own of another list comes as near as can be.
  if (thing.endsWith('.cursor'))
    return idOf(thing === 'listTickets.cursor' ? 'listCustomers.cursor' : 'listTickets.cursor', own)
  return newIds.next()
}

function callOf({ operation, field, things }: Swap, token: string, own: ShopIds, ids: ShopIds): Call {
  const { method, template } = operation
  const value = ids[things[0] ?? ''] ?? ''
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    field ? idOf(name, own) : (ids[name] ?? idOf(name, own)),
  )
  const query = field?.in === 'query' ? `?${field.name}=${encodeURIComponent(value)}` : ''
  const headers = field?.in === 'header' ? { [field.name]: value } : {}
  const given = bodyOf(operation, own)
  const body = field?.in === 'body' ? withValue(given, field.at, value) : given
  return {
    method: method.toUpperCase(),
    path: path + query,
    asked: { token, headers: { accept: 'application/json', ...headers }, ...(body === undefined ? {} : { body }) },
    ids,
  }
}

const FILE = sampleFile('jpeg', 2_000)

function bodyOf({ body, operationId, raw }: ContractOperation, own: ShopIds): unknown {
  if (raw || body === 'none') return undefined
  if (body === 'bytes') return FILE
  if (operationId === 'chooseFacebookAccount') return { choice: idOf('choice', own), account: idOf('account', own) }
  const given = bodies[operationId]
  if (given === undefined) throw new Error(`no body for ${operationId}: say in organization-with-everything.ts which`)
  return given
}

/** A list or an object on the way there has nothing else. */
function withValue(body: unknown, [key, ...rest]: readonly string[], value: string): unknown {
  if (key === undefined) return value
  if (key === '[]') return [withValue(undefined, rest, value)]
  const before = body as Record<string, unknown> | undefined
  return { ...before, [key]: withValue(undefined, rest, value) }
}

/** One's own things as they are, those that change last, and what takes the others with it at the very end. */
export function ownCalls(contract: Contract, { ids, tokens }: Shop): readonly (Call & { operationId: string })[] {
  const weight = ({ method, template }: ContractOperation) =>
    ['get', 'patch', 'put', 'post', 'delete'].indexOf(method) * 10 - template.split('{').length
  return contract.operations
    .filter(({ operationId, template }) => template.startsWith('/orgs/{orgId}/') && operationId !== 'streamEvents')
    .toSorted((a, b) => weight(a) - weight(b))
    .map((operation) => ({
      operationId: operation.operationId,
      ...callOf({ operation, things: [], field: null, expected: NOT_FOUND }, tokens.OWNER, ids, {}),
    }))
}

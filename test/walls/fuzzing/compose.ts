import type { ContractOperation } from '../../../src/adapters/http/contract.ts'
import { isRecord } from '../../../src/adapters/schema-kit/json-pointer.ts'
import { spoilText } from './hostile.ts'
import { type Fuzzed, filled, type Spoil } from './requests.ts'

export type Composed = Readonly<{
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  body: Buffer | undefined
  /** It may lead anywhere: to another operation, or to none. */
  isElsewhere: boolean
}>

/** The call as it goes out, for who stands behind `ids`. */
export function compose(operation: ContractOperation, given: Fuzzed, ids: Readonly<Record<string, string>>): Composed {
  const all = <W extends Spoil['what']>(what: W) =>
    given.spoils.filter((spoil): spoil is Extract<Spoil, { what: W }> => spoil.what === what)

  const params = Object.entries(filled(given.params, ids) as Record<string, string>).map(
    ([name, value]) => [name, encodeURIComponent(value)] as [string, string],
  )
  for (const { at, text } of all('path')) {
    const param = params[at % params.length]
    // An empty one would be another path.
    if (param) param[1] = at % 5 === 0 ? `%${at}z${param[1]}` : short(encoded(text)) || '%20'
  }
  const path = operation.template.replace(/\{(\w+)\}/g, (_, name: string) => new Map(params).get(name) ?? '')

  const query = Object.entries(filled(given.query, ids) as Record<string, unknown>).map(
    ([name, value]) => [name, [value].flat().join(',')] as [string, string],
  )
  const named = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  for (const { at, text } of all('query')) {
    const name = named[at % named.length]
    if (name !== undefined) query.push([name, text])
    for (const [index, [before]] of query.entries())
      if (before === name && index < query.length - 1) query.splice(index, 1)
  }
  for (const { at } of all('query twice')) {
    const twice = query[at % query.length]
    if (twice) query.push([...twice])
  }
  for (const { at, letter } of all('letter')) {
    const changed = query[at % query.length]
    const value = changed?.[1] ?? ''
    if (changed) changed[1] = value.slice(0, at) + letter + value.slice(at + 1)
  }
  for (const { name, text } of all('further query')) query.push([name, text])
  const search = query.map(([name, value]) => `${encoded(name)}=${short(encoded(value))}`).join('&')

  const json = bodyOf(given, ids)
  const isBytes = Buffer.isBuffer(json)
  let body = json === undefined ? undefined : isBytes ? json : Buffer.from(JSON.stringify(json))
  for (const { how } of all('text')) body = spoilText(how, body?.toString('utf8') ?? '{}')

  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined && !isBytes) headers['content-type'] = 'application/json'
  for (const [name, value] of Object.entries(given.headers)) headers[name] = String(filled(value, ids))
  for (const { header } of all('header')) headers[header[0]] = header[1]
  return {
    ...{ method: operation.method.toUpperCase(), headers, body },
    path: search === '' ? path : `${path}?${search}`,
    isElsewhere: all('path').length > 0,
  }
}

/** Half characters have no encoding: they go as what stands for them. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed())

/** A request's line has room for 16 KiB, with the headers. */
const short = (text: string) => text.slice(0, 3_000).replace(/%.?$/, '')

function bodyOf(given: Fuzzed, ids: Readonly<Record<string, string>>): unknown {
  let body = filled(given.body, ids)
  if (Buffer.isBuffer(body)) return body
  for (const spoil of given.spoils) {
    if (spoil.what === 'value') body = changed(body, spoil.at, () => spoil.value)
    if (spoil.what === 'missing') body = changed(body, spoil.at, () => undefined)
    if (spoil.what === 'further' && isRecord(body)) body = { ...body, [spoil.name]: spoil.value }
  }
  return body
}

/** The value with another in one of its places, counted from the top. */
function changed(value: unknown, at: number, change: (before: unknown) => unknown): unknown {
  const places = placesIn(value)
  const place = places[at % places.length] ?? []
  const inside = (before: unknown, [key, ...rest]: readonly (string | number)[]): unknown => {
    if (key === undefined) return change(before)
    if (Array.isArray(before)) return before.map((one, index) => (index === key ? inside(one, rest) : one))
    const record = before as Record<string, unknown>
    return { ...record, [key]: inside(record[key], rest) }
  }
  return inside(value, place)
}

function placesIn(value: unknown, at: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  const below = Array.isArray(value)
    ? value.flatMap((one, index) => placesIn(one, [...at, index]))
    : isRecord(value)
      ? Object.entries(value).flatMap(([key, one]) => placesIn(one, [...at, key]))
      : []
  return [at, ...below]
}

import { readFileSync } from 'node:fs'
import test from 'ava'
import type { OpenAPIV3_1 } from 'openapi-types'
import { isCollection, parseDocument, visit } from 'yaml'
import { collectOperations } from '../src/adapters/http/contract/declared-operation.ts'
import { documentKey, responseValidation } from '../src/adapters/http/contract/validation.ts'
import { loadContract } from '../src/adapters/http/contract.ts'
import { isProblemCode, problemTypes } from '../src/adapters/http/problem.ts'
import { isRecord, lookUp, toPointer, toUriFragment } from '../src/adapters/schema-kit/json-pointer.ts'
import { isPermission, PERMISSIONS } from '../src/core/member/permissions.ts'
import { leftOut } from '../tools/contract/story.ts'

const { document, operations } = loadContract()
const ajv = responseValidation(document)

type Found = { title: string; value: Record<string, unknown>; pointer: string }

const at = (pointer: string): Found['value'] => {
  const found = lookUp(document, pointer)?.value
  return isRecord(found) ? found : {}
}
const under = (title: string, pointer: string): Found[] =>
  Object.keys(at(pointer)).flatMap((key) => {
    const found = lookUp(document, pointer + toPointer(key))
    return found && isRecord(found.value)
      ? { title: `${title} ${key}`, value: found.value, pointer: found.pointer }
      : []
  })

const responsesOf = operations.map((operation) => ({
  ...operation,
  responses: under(operation.operationId, operation.pointer + toPointer('responses')),
}))
const requestMedia = operations.flatMap(({ operationId, pointer }) => {
  const body = lookUp(document, pointer + toPointer('requestBody'))
  return body ? under(`${operationId} request`, body.pointer + toPointer('content')) : []
})
const responseMedia = responsesOf.flatMap(({ responses }) =>
  responses.flatMap(({ title, pointer }) => under(title, pointer + toPointer('content'))),
)

const examplesOf = (media: Found['value']): unknown[] => [
  ...('example' in media ? [media['example']] : []),
  ...(isRecord(media['examples'])
    ? Object.values(media['examples']).map((example) => (isRecord(example) ? example['value'] : undefined))
    : []),
]
const isProblem = (title: string) => title.endsWith('application/problem+json')

test('readers of YAML 1.1 can read the contract: in braces and brackets no plain text has a question mark', (t) => {
  let inFlow = 0
  visit(parseDocument(readFileSync(new URL('../openapi.yaml', import.meta.url), 'utf8')), {
    Scalar(_, { type, source }, path) {
      if (!path.some((node) => isCollection(node) && node.flow)) return
      inFlow++
      if (type === 'PLAIN') t.notRegex(source ?? '', /\?/)
    },
  })
  t.true(inFlow > 100)
})

test('every operation has an id of its own that can be a file name', (t) => {
  const ids = operations.map((operation) => operation.operationId)
  t.is(new Set(ids.map((id) => id.toLowerCase())).size, ids.length)
  for (const id of ids) t.regex(id, /^[a-z]+([A-Z][a-z]+)+$/, id)
})

test('every operation says what it does, briefly and at length', (t) => {
  const tags = new Set(document.tags?.map((tag) => tag.name))
  for (const { operationId, pointer } of operations) {
    const operation = at(pointer)
    const { summary, description } = operation as OpenAPIV3_1.OperationObject
    t.true(summary !== undefined && summary.length <= 60 && !summary.endsWith('.'), `${operationId} summary`)
    t.true(description?.trim().endsWith('.') || description?.includes('\n'), `${operationId} description`)
    t.true(description !== summary, operationId)
    const own = (operation as OpenAPIV3_1.OperationObject).tags ?? []
    t.true(own.length === 1 && own.every((tag) => tags.has(tag)), `${operationId} tag`)
  }
})

test('every answer and every parameter says what it is', (t) => {
  for (const { responses } of responsesOf)
    for (const { title, value } of responses) t.truthy(value['description'], title)
  for (const { operationId, parameters } of operations) {
    for (const { name, pointer } of parameters) {
      t.truthy(at(pointer.replace(/\/schema$/, ''))['description'], `${operationId} ${name}`)
    }
  }
})

test('every operation shows a success, with an example unless it has no body', (t) => {
  for (const { operationId, responses } of responsesOf) {
    const successes = responses.filter(({ title }) => / 2\d\d$/.test(title))
    t.true(successes.length > 0, operationId)
    for (const success of successes) {
      if (success.title.endsWith(' 204')) continue
      const media = under(success.title, success.pointer + toPointer('content'))
      t.true(
        media.some(({ value }) => examplesOf(value).length > 0),
        success.title,
      )
    }
  }
})

test('every request body shows an example', (t) => {
  for (const { title, value } of requestMedia) {
    if (!title.endsWith('*/*')) t.true(examplesOf(value).length > 0, title)
  }
})

test('every permission is asked for by an operation, and every operation names what it takes', (t) => {
  const named = new Set(operations.map(({ permission }) => permission))
  t.deepEqual([...named].toSorted(), [...PERMISSIONS, 'public', 'self'].toSorted())
})

for (const [what, change, message] of [
  ['without a permission', (operation) => delete operation['x-permission'], /getTicket .*it has none/],
  [
    'with one that there is not',
    (operation) => (operation['x-permission'] = 'tickets:burn'),
    /no permission tickets:burn/,
  ],
  ['public and with a session', (operation) => (operation['x-permission'] = 'public'), /public does not go with/],
  ['open and with a permission', (operation) => (operation['security'] = []), /tickets:read does not go with/],
] as const satisfies readonly (readonly [string, (operation: Found['value']) => unknown, RegExp])[]) {
  test(`a contract with an operation ${what} stops the start`, (t) => {
    const broken = structuredClone(document)
    change(broken.paths?.['/orgs/{orgId}/tickets/{ticketId}']?.get as unknown as Found['value'])
    t.throws(() => collectOperations(broken), { message })
  })
}

test('what is weighty says so in its answers, and nothing else does', (t) => {
  for (const { operationId, reauth, responses } of responsesOf) {
    const codes = responses.flatMap(({ value }) => (value['x-problem-codes'] as string[] | undefined) ?? [])
    t.is(codes.includes('reauthentication-required'), reauth !== false, operationId)
  }
})

test('every operation declares the problems that any of them may meet', (t) => {
  for (const { operationId, method, raw, security, parameters, permission, responses, pointer } of responsesOf) {
    const statuses = new Set(responses.map(({ title }) => title.split(' ').at(-1)))
    const expected = ['500']
    if (!raw) expected.push('400')
    if (security.includes('bearer')) expected.push('401', '429', '503')
    if ((security.includes('bearer') && method !== 'get') || isPermission(permission)) expected.push('403')
    if (!raw && parameters.some((parameter) => parameter.in === 'path')) expected.push('404')
    if (!raw && at(pointer)['requestBody'] !== undefined) expected.push('413', '415')
    for (const status of expected) t.true(statuses.has(status), `${operationId} ${status}`)
  }
})

test('what browsers open takes what others append to its address, and nothing else does', (t) => {
  for (const { operationId, furtherQuery, method, responses } of responsesOf) {
    const [success] = responses.filter(({ title }) => title.endsWith(' 200'))
    const isPage = method === 'get' && Object.hasOwn(Object(success?.value['content']), 'text/html')
    t.is(furtherQuery, isPage, operationId)
  }
})

test('every error is a problem, and its status has the codes that it may carry', (t) => {
  for (const { responses } of responsesOf) {
    for (const { title, value } of responses) {
      const status = Number(title.split(' ').at(-1))
      if (status < 400 || title === 'getReadiness 503') continue
      // A browser that comes back from a login page gets the same as a page.
      const types = Object.keys(value['content'] ?? {}).filter((type) => type !== 'text/html')
      t.deepEqual(types, ['application/problem+json'], title)
      const codes = value['x-problem-codes']
      t.true(Array.isArray(codes) && codes.length > 0, title)
      for (const code of codes as string[]) {
        t.true(isProblemCode(code) && problemTypes[code].status === status, `${title} ${code}`)
      }
    }
  }
})

test('the table of codes and the contract know the same codes', (t) => {
  const declared = responsesOf.flatMap(({ responses }) =>
    responses.flatMap(({ value }) => (value['x-problem-codes'] as string[] | undefined) ?? []),
  )
  // 405 belongs to no operation: it is what a path answers for the methods that it does not have.
  t.deepEqual([...new Set([...declared, 'method-not-allowed'])].toSorted(), Object.keys(problemTypes).toSorted())
})

test('every example of a problem is what the program would say', (t) => {
  for (const { title, value } of responseMedia.filter((media) => isProblem(media.title))) {
    for (const example of examplesOf(value) as Record<string, unknown>[]) {
      const code = String(example['code'])
      if (!isProblemCode(code)) return t.fail(`${title} ${code}`)
      const { status, title: sentence, retryable } = problemTypes[code]
      t.like(example, { type: `/problems/${code}`, title: sentence, status, retryable }, title)
      t.true(title.includes(` ${status} `), title)
    }
  }
})

test('every example fits its schema and shows no field that is not described', (t) => {
  for (const { title, value, pointer } of [...requestMedia, ...responseMedia]) {
    if (value['schema'] === undefined) continue
    const check = ajv.compile({ $ref: documentKey + toUriFragment(pointer + toPointer('schema')) })
    for (const example of examplesOf(value)) {
      check(example)
      t.deepEqual(check.errors ?? [], [], title)
    }
  }
  for (const { operationId, parameters } of operations) {
    for (const { name, pointer } of parameters) {
      const { example } = at(pointer.replace(/\/schema$/, ''))
      if (example === undefined) continue
      t.true(ajv.validate({ $ref: documentKey + toUriFragment(pointer) }, example), `${operationId} ${name}`)
    }
  }
})

test('a request body takes no field that is not described, and no text without an end', (t) => {
  const visit = (given: unknown, title: string): void => {
    if (!isRecord(given)) return
    const schema = typeof given['$ref'] === 'string' ? at(given['$ref'].slice(1)) : given
    if (schema['type'] === 'object') t.true('additionalProperties' in schema, title)
    if (schema['type'] === 'string' && !('enum' in schema) && schema['format'] !== 'uuid') {
      t.true('maxLength' in schema, `${title} has a longest length`)
      t.true('pattern' in schema || 'format' in schema, `${title} refuses NUL characters`)
    }
    for (const [name, property] of Object.entries(schema['properties'] ?? {})) visit(property, `${title}/${name}`)
  }
  for (const { title, value } of requestMedia) visit(value['schema'], title)
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    if (name.endsWith('Request')) t.is((schema as { additionalProperties?: unknown }).additionalProperties, false, name)
  }
})

test('every field of an answer is always there, unless it may be absent on purpose', (t) => {
  const optional = new Map([['Problem', ['retryAfterSeconds', 'errors']]])
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    const { properties, required } = schema as { properties?: object; required?: string[] }
    if (!properties || name.endsWith('Request')) continue
    const expected = Object.keys(properties).filter((property) => !optional.get(name)?.includes(property))
    t.deepEqual(required?.toSorted(), expected.toSorted(), name)
  }
})

test('every list has the same envelope and the same way to page', (t) => {
  for (const { operationId, pointer, parameters } of operations) {
    if (!operationId.startsWith('list') || ['listProblems', 'listChannelTypes', 'listSessions'].includes(operationId))
      continue
    const schema = at(pointer + toPointer('responses', '200', 'content', 'application/json', 'schema'))
    t.deepEqual(Object.keys(schema['properties'] ?? {}), ['data', 'page'], operationId)
    const names = parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name)
    t.true(names.includes('limit') && names.includes(operationId === 'listEvents' ? 'after' : 'cursor'), operationId)
  }
})

test('the document leaves nothing behind that no operation uses', (t) => {
  const text = JSON.stringify(document)
  for (const [kind, entries] of Object.entries(document.components ?? {})) {
    if (kind === 'securitySchemes') continue
    for (const name of Object.keys(entries as object)) {
      t.true(text.includes(`"#/components/${kind}/${name}"`), `${kind}/${name}`)
    }
  }
})

test('the Postman collection has every operation but those that are left out with a reason', (t) => {
  type Item = { item?: Item[]; request?: { method: string; url: { path: string[] } } }
  const file = new URL('../postman-collection.json', import.meta.url)
  const requestsOf = ({ item = [], request }: Item): string[] => [
    ...(request ? [`${request.method} /${request.url.path.join('/')}`] : []),
    ...item.flatMap(requestsOf),
  ]
  const requests = requestsOf(JSON.parse(readFileSync(file, 'utf8')) as Item)
  for (const { operationId, method, template } of operations) {
    const pattern = new RegExp(
      `^${method.toUpperCase()} ${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`,
    )
    t.is(
      requests.some((request) => pattern.test(request)),
      !(operationId in leftOut),
      operationId,
    )
  }
})

import test from 'ava'
import { isGiven, isSecretName, secretIn } from '../../../src/adapters/http/answer-secrets.ts'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { aChannelView } from '../../fakes/fake-views.ts'
import { startHttp } from './support/http-server.ts'

/** Every property that an answer may have, with the place it has in the answer; references are followed once each. */
function propertiesOf(
  document: object,
  schema: unknown,
  pointer: string,
  seen: readonly string[],
  found: string[],
): void {
  if (Array.isArray(schema)) for (const one of schema) propertiesOf(document, one, pointer, seen, found)
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return
  const { $ref, properties, ...others } = schema as { $ref?: string; properties?: Record<string, unknown> }
  if ($ref !== undefined && !seen.includes($ref)) {
    const target = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((at, key) => Reflect.get(Object(at), key), document)
    propertiesOf(document, target, pointer, [...seen, $ref], found)
  }
  for (const [name, property] of Object.entries(properties ?? {})) {
    found.push(`${pointer}/${name}`)
    propertiesOf(document, property, `${pointer}/${name}`, seen, found)
  }
  for (const key of ['items', 'oneOf', 'anyOf', 'allOf', 'additionalProperties'])
    propertiesOf(document, Reflect.get(others, key), pointer, seen, found)
}

test('S121: the contract has a secret in no answer but the token of a session that was just begun', (t) => {
  const { document } = loadContract()
  const given: string[] = []
  let looked = 0
  for (const methods of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(methods ?? {})) {
      if (typeof operation !== 'object' || !('operationId' in operation)) continue
      const found: string[] = []
      propertiesOf(document, Object.values(operation.responses ?? {}).map(schemasOf), '', [], found)
      looked += found.length
      for (const pointer of new Set(found.filter((one) => isSecretName(one.slice(one.lastIndexOf('/') + 1)))))
        given.push(
          `${operation.operationId}${isGiven(operation.operationId ?? null, pointer) ? '' : ' must not give'} ${pointer}`,
        )
    }
  }
  t.true(looked > 500, String(looked))
  t.deepEqual(given.sort(), [
    'acceptInvitation /accessToken',
    'changePassword /accessToken',
    'confirmPassword /accessToken',
    'logIn /accessToken',
    'signUp /accessToken',
    'switchOrganization /accessToken',
  ])
})

const schemasOf = (response: object): unknown[] =>
  Object.values(('content' in response ? response.content : {}) as Record<string, { schema?: unknown }>).map(
    ({ schema }) => schema,
  )

test('S121: an answer with a secret, a sealed value, a stack or SQL is none, wherever it is', (t) => {
  const sealed = 'v2.k1.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB.CCCC'
  const bad: readonly [status: number, body: unknown, at: string][] = [
    [200, { data: [{ config: { accessToken: 'x' } }] }, '/data/0/config/accessToken'],
    [200, { app_secret: 'x' }, '/app_secret'],
    [201, { user: { passwordHash: 'x' } }, '/user/passwordHash'],
    [200, { config: { note: sealed } }, '/config/note'],
    [500, { detail: 'no\n    at run (file.ts:1:2)' }, '/detail'],
    [409, { detail: 'insert into users values' }, '/detail'],
    [500, { stack: 'x' }, '/stack'],
  ]
  for (const [status, body, at] of bad) t.is(secretIn('getThing', status, body), at)
  t.is(secretIn(null, 200, { accessToken: 'x' }), '/accessToken')
  for (const fine of [
    { secretsSet: ['accessToken'] },
    { schema: { properties: { accessToken: { type: 'string' } } } },
    { content: 'select a from b' },
    { accessToken: '' },
  ])
    t.is(secretIn('getThing', 200, fine), null)
  t.is(secretIn('logIn', 200, { accessToken: 'x' }), null)
  t.is(secretIn('logIn', 200, { user: { accessToken: 'x' } }), '/user/accessToken')
})

test('S121: every answer of a suite is looked through, and one that gives a secret away is a 500', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { orgId, token } = await server.signUp()
  // Of a type that nobody here knows, so that nothing says which of its settings are secret.
  server.queries.channels_.push(aChannelView(orgId, { type: 'OTHER', config: { accessToken: 'x' }, secretsSet: [] }))
  const answer = await server.call('GET', `/orgs/${orgId}/channels`, { token })
  t.is(answer.status, 500)
  t.regex(server.log.text, /listChannels gives away \/data\/0\/config\/accessToken/)
})

test('S124: whatever is thrown, also nothing, a text or a number, is one problem with an id to ask about', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { orgId, token } = await server.signUp()
  const secret = new Error('insert into users (password) values ($1)')
  for (const thrown of [null, undefined, 'a text of the inside', 7, { inside: 'x' }, Object.create(null), secret]) {
    Object.assign(server.queries, { channels: () => Promise.reject(thrown) })
    const { status, json, text, headers } = await server.call('GET', `/orgs/${orgId}/channels`, { token })
    t.is(status, 500)
    t.is(headers.get('content-type'), 'application/problem+json')
    t.like(json, { status: 500, code: 'internal', requestId: headers.get('x-request-id') })
    t.notRegex(text, /inside|insert|\.ts|at /)
  }
})

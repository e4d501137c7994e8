import test from 'ava'
import { EXPORT_CHUNK_BYTES } from '../../../src/core/customer/export-customer.ts'
import { aCustomerView, anExportView } from '../../fakes/fake-views.ts'
import { PASSWORD, startHttp, type TestServer } from './support/http-server.ts'

async function set(t: { teardown(work: () => Promise<void>): void }) {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const owner = await server.signUp()
  const customer = aCustomerView(owner.orgId)
  server.queries.customers_.push(customer)
  return { server, owner, customer, of: `/orgs/${owner.orgId}/customers/${customer.id}/exports` }
}

/** One with a file of these bytes. */
function stored(server: TestServer, { orgId }: { orgId: string }, file: Uint8Array, state = 'READY') {
  const customer = server.queries.customers_[0]!
  const view = anExportView(customer.id, { state: state as 'READY', bytes: file.length })
  server.queries.exports_.push({ ...view, orgId: customer.orgId })
  server.queries.exportFiles_.set(view.id, file)
  return { view, at: `/orgs/${orgId}/exports/${view.id}` }
}

test('an export is asked for, and its receipt is where the answer says', async (t) => {
  const { server, owner, customer, of } = await set(t)
  const made = await server.call('POST', of, { token: owner.token })
  t.is(made.status, 202)
  t.like(made.json, { customerId: customer.id, state: 'PENDING' })
  t.is(made.headers.get('location'), `/orgs/${owner.orgId}/exports/${made.json.id}`)
  const read = await server.call('GET', made.headers.get('location')!, { token: owner.token })
  t.is(read.status, 200)
  t.deepEqual(read.json, made.json)
})

test('the file comes whole, as a file that is shown and kept nowhere', async (t) => {
  const { server, owner } = await set(t)
  const text = JSON.stringify({ words: 'ä'.repeat(EXPORT_CHUNK_BYTES) })
  const { view, at } = stored(server, owner, Buffer.from(text))
  const answer = await server.call('GET', `${at}/file`, { token: owner.token })
  t.is(answer.status, 200)
  t.true(answer.text === text)
  const header = (name: string) => answer.headers.get(name)
  t.is(header('content-type'), 'application/json; charset=utf-8')
  t.is(header('content-length'), String(Buffer.byteLength(text)))
  t.regex(header('content-disposition') ?? '', new RegExp(`^attachment; filename="customer-${view.customerId}.json"`))
  t.is(header('cache-control'), 'no-store')
  t.is(header('x-content-type-options'), 'nosniff')
  t.regex(header('content-security-policy') ?? '', /default-src 'none'/)
  const head = await server.call('HEAD', `${at}/file`, { token: owner.token })
  t.is(head.status, 200)
  t.is(head.headers.get('content-length'), String(Buffer.byteLength(text)))
  t.is(head.text, '')
})

test('S75: the file takes a password given lately, also to be looked at, and the receipt does not', async (t) => {
  const { server, owner } = await set(t)
  const { at } = stored(server, owner, Buffer.from('{}'))
  server.time.offsetMs = 601_000
  const before = server.calls.length
  t.like(await server.call('GET', `${at}/file`, { token: owner.token }), {
    status: 403,
    json: { code: 'reauthentication-required', maxAgeSeconds: 600 },
  })
  t.is((await server.call('HEAD', `${at}/file`, { token: owner.token })).status, 403)
  t.is(server.calls.length, before)
  t.is((await server.call('GET', at, { token: owner.token })).status, 200)
  const again = await server.call('POST', '/auth/reauthenticate', { token: owner.token, body: { password: PASSWORD } })
  t.is((await server.call('GET', `${at}/file`, { token: again.json.accessToken })).status, 200)
})

test('a file that goes while it is read breaks off, and is not taken for a whole one', async (t) => {
  const { server, owner } = await set(t)
  const { view, at } = stored(server, owner, Buffer.alloc(EXPORT_CHUNK_BYTES + 10, 32))
  server.queries.exportFiles_.set(view.id, Buffer.alloc(EXPORT_CHUNK_BYTES, 32))
  await t.throwsAsync(server.call('GET', `${at}/file`, { token: owner.token }))
})

test('a file that goes between being found and being read is not there', async (t) => {
  const { server, owner } = await set(t)
  const { view, at } = stored(server, owner, Buffer.from('{}'))
  server.queries.exportFiles_.delete(view.id)
  t.like(await server.call('GET', `${at}/file`, { token: owner.token }), { status: 404, json: { code: 'not-found' } })
})

test('a file that is not ready is 409, and one that is gone 410', async (t) => {
  const { server, owner } = await set(t)
  for (const [state, status, code] of [
    ['PENDING', 409, 'export-not-ready'],
    ['FAILED', 409, 'export-failed'],
    ['EXPIRED', 410, 'export-expired'],
  ] as const) {
    const { at } = stored(server, owner, Buffer.from('{}'), state)
    t.like(await server.call('GET', `${at}/file`, { token: owner.token }), { status, json: { code } }, state)
    t.is((await server.call('GET', at, { token: owner.token })).json.state, state)
  }
})

test('S108: an organization is made fifty exports a day, whoever asks, and is told how many are left', async (t) => {
  const { server, owner, customer, of } = await set(t)
  const ask = (path = of) => server.call('POST', path, { token: owner.token })
  const first = await ask()
  t.is(first.headers.get('ratelimit-policy'), '"export";q=50;w=86400')
  t.is(first.headers.get('ratelimit'), '"export";r=49;t=86400')

  // What makes none is not counted: one that runs, and whoever there is not.
  const nobody = `/orgs/${owner.orgId}/customers/${aCustomerView(owner.orgId).id}/exports`
  const vain = await Promise.all(Array.from({ length: 80 }, (_, at) => ask(at % 2 === 0 ? of : nobody)))
  t.deepEqual(new Set(vain.map(({ status }) => status)), new Set([202, 404]))
  t.is(server.queries.exports_.length, 1)

  const others = Array.from({ length: 60 }, () => aCustomerView(owner.orgId))
  server.queries.customers_.push(...others)
  const pathOf = ({ id }: typeof customer) => `/orgs/${owner.orgId}/customers/${id}/exports`
  const answers = await Promise.all(others.map((one) => ask(pathOf(one))))
  t.is(answers.filter(({ status }) => status === 202).length, 49, 'at the same time as well')
  const refused = answers.filter(({ status }) => status === 429)
  t.is(refused.length, 11)
  for (const one of refused) {
    t.is(one.json.code, 'rate-limited')
    t.true(Number(one.headers.get('retry-after')) > 86_000)
    t.regex(one.headers.get('ratelimit') ?? '', /^"export";r=0;/)
  }
  t.is(server.queries.exports_.length, 50)
  t.is((await ask()).status, 202, 'the one that runs')
  t.is((await server.call('GET', `/orgs/${owner.orgId}/customers`, { token: owner.token })).status, 200)

  const other = await server.signUp()
  const theirs = aCustomerView(other.orgId)
  server.queries.customers_.push(theirs)
  const path = `/orgs/${other.orgId}/customers/${theirs.id}/exports`
  t.is((await server.call('POST', path, { token: other.token })).status, 202)
})

test('an API key exports nobody, whatever it may do', async (t) => {
  const { server, owner, of } = await set(t)
  const { secret } = await server.keyOf(owner)
  const { at } = stored(server, owner, Buffer.from('{}'))
  for (const [method, path] of [
    ['POST', of],
    ['GET', at],
    ['GET', `${at}/file`],
  ] as const)
    t.like(
      await server.call(method, path, { token: secret }),
      { status: 403, json: { code: 'session-required' } },
      path,
    )
})

import test from 'ava'
import fc from 'fast-check'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { createCursors } from '../../../src/adapters/http/cursor.ts'
import { DomainError } from '../../../src/core/errors.ts'
import { aTicketView } from '../../fakes/fake-views.ts'
import { startHttp } from './support/http-server.ts'
import { organizationWithEverything, pathOf } from './support/organization-with-everything.ts'

const cursors = createCursors('some key')
const scope = { list: '/orgs/:orgId/tickets', orgId: 'a', status: ['OPEN'] }
const position = { key: '2026-11-22T08:00:00.000Z', id: 'an id' }
const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'fine'
  } catch (error) {
    return error instanceof DomainError ? error.code : error
  }
}

test('a cursor leads back to its position', (t) => {
  for (const one of [position, { key: null, id: 'é\u0000"' }])
    t.deepEqual(cursors.read(cursors.write(one, scope), scope), one)
})

test('S109: a cursor is good for its own list, organization and filters, in whatever order they are named', (t) => {
  const cursor = cursors.write(position, scope)
  t.deepEqual(
    cursors.read(cursor, { status: ['OPEN'], orgId: 'a', list: '/orgs/:orgId/tickets', kind: undefined }),
    position,
  )
  for (const other of [
    { ...scope, orgId: 'b' },
    { ...scope, status: ['PENDING'] },
    { ...scope, kind: 'DM' },
    { ...scope, list: 'x' },
  ]) {
    t.is(
      codeOf(() => cursors.read(cursor, other)),
      'cursor-mismatch',
    )
  }
})

test('S109: nothing but what was written is taken for a cursor', (t) => {
  const cursor = cursors.write(position, scope)
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.constant('.'),
        fc.integer({ min: 0, max: cursor.length - 1 }).map((at) => cursor.slice(0, at)),
      ),
      (text) => {
        fc.pre(text !== cursor)
        return codeOf(() => cursors.read(text, scope)) === 'cursor-invalid'
      },
    ),
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: cursor.length - 1 }), fc.constantFrom(...'AZaz09-_.='), (at, letter) => {
      const changed = cursor.slice(0, at) + letter + cursor.slice(at + 1)
      fc.pre(changed !== cursor)
      return codeOf(() => cursors.read(changed, scope)) === 'cursor-invalid'
    }),
  )
  t.is(
    codeOf(() => createCursors('another key').read(cursor, scope)),
    'cursor-invalid',
  )
  t.is(
    codeOf(() => cursors.read(`${cursor}.`, scope)),
    'cursor-invalid',
  )
})

test('a list is read page by page, by its cursor or by its Link', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { orgId, token } = await server.signUp()
  const ids = Array.from({ length: 7 }, () => aTicketView(orgId)).map((ticket) => {
    server.queries.tickets_.push(ticket)
    return ticket.id
  })

  const byCursor: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { json } = await server.call(
      'GET',
      `/orgs/${orgId}/tickets?status=OPEN&limit=3${cursor && `&cursor=${cursor}`}`,
      { token },
    )
    byCursor.push(...json.data.map((ticket: { id: string }) => ticket.id))
    t.is(json.page.hasMore, json.page.nextCursor !== null)
    cursor = json.page.nextCursor
  }
  t.deepEqual(byCursor, ids)

  const byLink: string[] = []
  for (let path: string | undefined = `/orgs/${orgId}/tickets?limit=2`; path; ) {
    const { headers, json } = await server.call('GET', path, { token })
    byLink.push(...json.data.map((ticket: { id: string }) => ticket.id))
    path = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
  }
  t.deepEqual(byLink, ids)
})

test('S109: a forged cursor and one of another list or of other filters are told apart', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { orgId, token } = await server.signUp()
  for (let i = 0; i < 3; i++) server.queries.tickets_.push(aTicketView(orgId))
  const page = await server.call('GET', `/orgs/${orgId}/tickets?limit=1&kind=DM`, { token })
  const cursor: string = page.json.page.nextCursor
  const codes = async (query: string) => (await server.call('GET', `/orgs/${orgId}/${query}`, { token })).json.code

  t.is(await codes(`tickets?cursor=${cursor}`), 'cursor-mismatch')
  t.is(await codes(`tickets?kind=DM&status=OPEN&cursor=${cursor}`), 'cursor-mismatch')
  t.is(await codes(`customers?cursor=${cursor}`), 'cursor-mismatch')
  t.is(await codes(`tickets?kind=DM&cursor=${cursor}x`), 'cursor-invalid')
  t.is(await codes('tickets?cursor=bm90aGluZw.bm90aGluZw'), 'cursor-invalid')
  t.is(await codes(`tickets?kind=DM&limit=2&cursor=${cursor}`), undefined, 'another size of page is fine')
})

test('S107: no list gives more than its limit, none or from the middle: there are cursors and no offsets', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { ids, token } = await organizationWithEverything(server)
  const lists = loadContract().operations.filter(
    ({ method, parameters }) => method === 'get' && parameters.some(({ name }) => name === 'cursor'),
  )
  t.true(lists.length >= 10)
  for (const { template } of lists) {
    const ask = (query: string) => server.call('GET', `${pathOf(template, ids)}?${query}`, { token })
    for (const limit of ['101', '1000000', '0', '-1', '1.5', '1e3', 'Infinity', '', '9'.repeat(400)])
      t.is((await ask(`limit=${limit}`)).json.errors?.[0].pointer, '/limit', `${template} ${limit}`)
    for (const word of ['offset', 'skip', 'page', 'after', 'per_page'])
      t.like(await ask(`${word}=1000`), { status: 400, json: { code: 'invalid-request' } }, `${template} ${word}`)
    t.is((await ask('limit=100')).status, 200, template)
  }
})

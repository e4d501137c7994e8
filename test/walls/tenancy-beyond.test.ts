import test from 'ava'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { createMediaLinks } from '../../src/adapters/security/media-links.ts'
import type { OrgId, UploadId } from '../../src/core/ids.ts'
import { tablesOfOrganizations } from '../support/catalogue.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { type InboxClient, settled, ticketOf } from '../support/inbox-client.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { sampleFile } from '../support/sample-files.ts'
import { ids as newIds } from '../support/seed.ts'
import { onServer } from '../support/template.ts'
import { type Caller, comparable, createCaller, inParallel } from './tenancy/calls.ts'
import { rowsAtRest, rowsOf } from './tenancy/rows-of.ts'
import { openTwoShops, type Shop } from './tenancy/two-shops.ts'

const SESSION_SECRET = planted('session-secret')
/** Files go out from a server that the internet reaches alone. */
const PUBLIC_URL = 'https://inbox.example'
const AN_HOUR_MS = 3_600_000

/** Ways to say whose rows somebody would rather have. */
const QUERIES = ['orgId', 'org_id', 'org', 'organizationId', 'tenantId', 'filter[orgId]', 'where[org_id]', 'orgId[]']
const HEADERS = ['x-org-id', 'x-organization-id', 'x-tenant-id', 'x-tenant', 'x-user-org', 'org-id']
/** Ways to say that another path was meant. */
const PATHS = ['x-original-url', 'x-rewrite-url', 'x-forwarded-path', 'x-forwarded-uri', 'x-forwarded-prefix']

// What the generator of tenancy-http.test.ts does not make: it knows only the fields that the contract has.
onEachProfile((profile) => {
  let stage: ConnectStage
  let caller: Caller
  let mine: Shop
  let theirs: Shop

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { SESSION_SECRET, PUBLIC_URL })
    caller = createCaller(stage.url, 8)
    ;[mine, theirs] = (await openTwoShops(stage, caller)).shops
  })
  test.after.always(async (t) => {
    t.timeout(60_000)
    caller?.close()
    await stage?.close()
  })

  test.serial(
    `S4: ${profile}: whatever names the other organization beside the path, one reads only one's own`,
    async (t) => {
      // A login is begun anew each time, and a stream has no end.
      const reads = loadContract().operations.filter(
        ({ operationId, method, template }) =>
          method === 'get' && template.startsWith('/orgs/{orgId}/') && !/^connect|^streamEvents$/.test(operationId),
      )
      t.true(reads.length > 20)
      const same = (text: string) => text.replace(/\/media\/[\w-]+/g, '/media/…')
      const wrong: string[] = []
      let tried = 0
      await inParallel(reads, 4, async ({ operationId, template }) => {
        const pathFor = ({ ids }: Shop) => template.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name)
        const ask = (path: string, headers: Record<string, string> = {}) =>
          caller.call('GET', path, { token: mine.tokens.OWNER, headers })
        const path = pathFor(mine)
        const plain = await ask(path)
        const other = await caller.call('GET', pathFor(theirs), { token: theirs.tokens.OWNER })
        if (plain.status !== 200 || other.status !== 200) wrong.push(`${operationId}: ${plain.status}, ${other.status}`)
        // Both have something there, so that one could be taken for the other.
        if (operationId !== 'listChannelTypes' && plain.text === other.text) wrong.push(`${operationId}: ${plain.text}`)
        const hints = [
          ...HEADERS.map((name) => ({ [name]: theirs.orgId })),
          ...PATHS.map((name) => ({ [name]: pathFor(theirs) })),
          Object.fromEntries([...HEADERS, 'cookie'].map((name) => [name, `orgId=${theirs.orgId}`])),
        ]
        for (const headers of hints) {
          tried++
          const { status, text } = await ask(path, headers)
          if (status !== 200 || same(text) !== same(plain.text))
            wrong.push(`${operationId} with ${JSON.stringify(headers)}: ${status} ${text}`)
        }
        for (const name of QUERIES) {
          tried++
          const { status, text } = await ask(`${path}?${encodeURIComponent(name)}=${theirs.orgId}`)
          if (status !== 400 || JSON.parse(text).code !== 'invalid-request' || text.includes(theirs.orgId))
            wrong.push(`${operationId} with ${name}: ${status} ${text}`)
        }
      })
      t.deepEqual(wrong, [])
      t.log(`${tried} calls of ${reads.length} operations`)
    },
  )

  test.serial(
    `S2, S3: ${profile}: one of the other's channels among one's own, and a comment answered by its id, are refused`,
    async (t) => {
      const { simulator } = stage
      const who = simulator.customer({ account: mine.account })
      await simulator.comment(who, 'How much is it?')
      const ticket = await ticketOf(mine.client, who, 'COMMENT')
      const refusedAs = async (path: string, bodyFor: (id: string) => object, foreign: string, status: number) => {
        const answers = [foreign, newIds.next()].map(async (id) => {
          const asked = { token: mine.tokens.OWNER, body: bodyFor(id) }
          return comparable(await caller.call('POST', `/orgs/${mine.orgId}${path}`, asked), { id })
        })
        const [of, nobodys] = await Promise.all(answers)
        t.true(of!.startsWith(`${status} `), of)
        t.is(of, nobodys)
      }
      const key = { name: 'A program', scopes: ['tickets:read'] }
      const [own, foreign] = [mine.ids['channelId']!, theirs.ids['channelId']!]
      const further: string[] = []
      for (let count = 0; count < 8; count++) {
        const channel = { type: 'API', name: 'A form', config: { secret: planted('channel-secret') } }
        further.push((await mine.client.call<{ id: string }>('POST', '/channels', channel)).body.id)
      }
      const made = [await rowsAtRest(stage.db.admin, mine.orgId), await rowsOf(stage.db.admin, theirs.orgId)]
      for (const channelIds of [(id: string) => [id, own, ...further], (id: string) => [own, ...further, id]])
        await refusedAs('/api-keys', (id) => ({ ...key, channelIds: channelIds(id) }), foreign, 404)
      for (const audience of ['PUBLIC', 'PRIVATE']) {
        const bodyFor = (replyToMessageId: string) => ({ content: 'Ten', audience, replyToMessageId })
        await refusedAs(`/tickets/${ticket.id}/messages`, bodyFor, theirs.ids['messageId']!, 422)
      }
      t.deepEqual([await rowsOf(stage.db.admin, mine.orgId), await rowsOf(stage.db.admin, theirs.orgId)], made)
    },
  )

  test.serial(
    `S10: ${profile}: the other's file is not there by its id, nor by a link that is altered, over or for it in one's own name`,
    async (t) => {
      const { attachmentId } = theirs.ids
      const path = `/orgs/${mine.orgId}/attachments/${attachmentId}`
      for (const method of ['GET', 'DELETE'])
        t.is((await caller.call(method, path, { token: mine.tokens.OWNER })).status, 404, method)
      const sent = await mine.client.call('POST', `/tickets/${mine.ids['ticketId']}/messages`, {
        attachments: [{ attachmentId }],
      })
      t.like(sent, { status: 404, body: { code: 'not-found' } })

      const links = createMediaLinks([SESSION_SECRET], PUBLIC_URL)
      const target = { orgId: theirs.orgId as OrgId, uploadId: attachmentId as UploadId }
      const later = new Date(Date.now() + AN_HOUR_MS)
      const tokenOf = (link: string) => link.slice(`${PUBLIC_URL}/media/`.length)
      const token = tokenOf(theirs.link)
      const fetched = async () => (await caller.call('GET', `/media/${token}`)).status
      t.is(await fetched(), 200)
      t.is(
        (await caller.call('GET', `/media/${tokenOf(links.linkTo(target, later))}`)).status,
        200,
        'made as the program does',
      )
      const altered = Array.from(
        { length: token.length },
        (_, at) => token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1),
      )
      const refused: Record<string, readonly string[]> = {
        'altered anywhere': altered,
        over: [tokenOf(links.linkTo(target, new Date(Date.now() - 1_000)))],
        'for their file in my name': [tokenOf(links.linkTo({ ...target, orgId: mine.orgId as OrgId }, later))],
        'sealed with another secret': [tokenOf(createMediaLinks([planted('other')], PUBLIC_URL).linkTo(target, later))],
        'cut or longer': [token.slice(0, -1), token.slice(1), `${token}A`, attachmentId!],
      }
      const comparably = async (given: string, session: string | undefined) => {
        const answer = await caller.call('GET', `/media/${given}`, session === undefined ? {} : { token: session })
        return comparable(answer, { given })
      }
      for (const session of [undefined, mine.tokens.OWNER, theirs.tokens.OWNER])
        for (const [how, tokens] of Object.entries(refused))
          for (const given of tokens) {
            const [never, told] = [
              await comparably('n'.repeat(given.length), session),
              await comparably(given, session),
            ]
            t.true(never.startsWith('404 '), never)
            t.is(told, never, how)
          }
      t.is(await fetched(), 200, 'and it is still there for those who have the link')
    },
  )

  test.serial(
    `S13: ${profile}: what is taken in the other organization is free here, and nothing tells that it is`,
    async (t) => {
      const unique = (what: string) => `${what}-${newIds.next()}`
      const taken = {
        name: unique('name'),
        secret: planted('secret'),
        words: newIds.next() as string,
        phone: unique('phone'),
      }
      const reply = (client: InboxClient, { ids }: Shop, id: string) =>
        client.call(
          'POST',
          `/tickets/${ids['ticketId']}/messages`,
          { content: 'Thanks', clientMessageId: id },
          { 'idempotency-key': id },
        )
      const channel = (client: InboxClient, name: string, secret: string) =>
        client.call<{ id: string }>('POST', '/channels', { type: 'API', name, config: { secret } })
      const file = async (shop: Shop, name: string) => {
        const asked = {
          token: shop.tokens.OWNER,
          body: sampleFile('jpeg', 3_000),
          headers: { 'content-type': 'image/jpeg' },
        }
        const { status, text } = await caller.call(
          'POST',
          `/orgs/${shop.orgId}/attachments?filename=${name}.jpg`,
          asked,
        )
        return { status, body: JSON.parse(text) }
      }
      const incoming = async (id: string, secret: string, phone: string) => {
        const headers = { authorization: `Bearer ${secret}` }
        const body = { senderPhone: phone, message: 'Hello', messageId: phone }
        return caller.call('POST', `/webhook/${id}`, { headers, body })
      }
      const theirChannel = (await channel(theirs.client, taken.name, taken.secret)).body.id
      t.is((await incoming(theirChannel, taken.secret, taken.phone)).status, 200)
      const first = await reply(theirs.client, theirs, taken.words)
      t.is(first.status, 201)
      await settled(theirs.client, first.body as never)
      await file(theirs, taken.name)
      await theirs.client.call('POST', '/api-keys', { name: taken.name, scopes: ['tickets:read'] })
      const invited = `${taken.name}@example.com`
      await theirs.client.call('POST', '/invitations', { email: invited, role: 'AGENT' })
      const before = await rowsAtRest(stage.db.admin, theirs.orgId)

      /** With a value that is taken there and with one that nobody has: the same, but for what is new each time. */
      const asIfNew = async (
        what: string,
        [value, fresh]: readonly [string, string],
        make: (value: string) => Promise<{ status: number; body: unknown }>,
      ) => {
        const told = async (given: string) => {
          const { status, body } = await make(given)
          const text = JSON.stringify(body).replaceAll(given, '<value>').replaceAll(mine.orgId, '<mine>')
          for (const id of [theirs.orgId, ...Object.values(theirs.ids)]) t.false(text.includes(id), what)
          const plain = text
            .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
            .replace(/\d{4}-[\d-]+T[\d:.]+Z/g, '<time>')
          return `${status} ${plain.replace(/[\w-]{30,}/g, '<random>').replace(/dck_…\w+/, '<hint>')}`
        }
        const answer = await told(value)
        t.true(answer.startsWith('201 '), `${what}: ${answer}`)
        t.is(answer, await told(fresh), what)
      }
      const { client } = mine
      await asIfNew('a message id', [taken.words, newIds.next()], (id) => reply(client, mine, id))
      await asIfNew("a channel's name", [taken.name, unique('name')], (name) =>
        channel(client, name, planted('secret')),
      )
      await asIfNew("a channel's secret", [taken.secret, planted('secret')], (secret) => channel(client, 'A', secret))
      await asIfNew("a file's name and bytes", [taken.name, unique('name')], (name) => file(mine, name))
      await asIfNew("a key's name", [taken.name, unique('name')], (name) =>
        client.call('POST', '/api-keys', { name, scopes: ['tickets:read'] }),
      )
      for (const email of [invited, theirs.emails.AGENT])
        await asIfNew('an address', [email, `${unique('name')}@example.com`], (given) =>
          client.call('POST', '/invitations', { email: given, role: 'AGENT' }),
        )
      const myChannel = (await channel(client, 'B', taken.secret)).body.id
      for (const phone of [taken.phone, unique('phone')])
        t.is((await incoming(myChannel, taken.secret, phone)).status, 200)
      const known = async ({ client }: Shop) =>
        (await client.customers()).filter(({ externalId }) => externalId === taken.phone)
      const [here] = await waitFor(async () => ((await known(mine)).length > 0 ? known(mine) : null))
      const [there] = await known(theirs)
      t.not(here!.id, there!.id)
      t.deepEqual(await rowsOf(stage.db.admin, theirs.orgId), before)
    },
  )

  // Last, after all that was tried above.
  test.serial(`${profile}: figures name nobody, and no line of the log speaks of two organizations`, async (t) => {
    const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
    const idsOf = async (shop: Shop) => {
      const ids = new Set([shop.orgId])
      await onServer(stage.db.admin, async (server) => {
        for (const { table } of await tablesOfOrganizations(server)) {
          const text = `select to_jsonb(t)::text as row from ${table} t where org_id = $1`
          const { rows } = await server.query<{ row: string }>(text, [shop.orgId])
          for (const { row } of rows) for (const id of row.match(UUID) ?? []) ids.add(id)
        }
      })
      return ids
    }
    const [own, foreign] = [await idsOf(mine), await idsOf(theirs)]
    // Somebody may belong to both.
    const [ours, others] = [own.difference(foreign), foreign.difference(own)]
    t.true(ours.size > 50 && others.size > 50, `${ours.size} and ${others.size} ids`)

    const figures = await (await fetch(`${stage.url}/metrics`)).text()
    t.regex(figures, /^http_server_request_duration_seconds_count/m)
    for (const { account, emails, name, who } of [mine, theirs])
      for (const word of [name, account.id, who.id, ...Object.values(emails)]) t.false(figures.includes(word), word)
    t.deepEqual(figures.match(UUID), null)

    const about = (fields: object): readonly boolean[] => {
      // What a caller asks for by mistake or by intent is told as they asked it.
      const { path: _, askedOrgId: __, ...rest } = fields as Record<string, unknown>
      const named = JSON.stringify(rest).match(UUID) ?? []
      return [ours, others].map((ids) => named.some((id) => ids.has(id)))
    }
    const seen = stage.log.lines.map(({ fields, message }) => ({ of: about(fields), fields, message }))
    t.deepEqual(
      seen.filter(({ of: [a, b] }) => a && b),
      [],
    )
    for (const at of [0, 1]) t.true(seen.filter(({ of }) => of[at]).length > 20)
  })
})

import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { SimulatedAccount, SimulatedCustomer } from '../../dev/instagram-simulator/index.ts'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { formsOf } from '../support/dump.ts'
import { connect, type InboxClient, settled, signUp, ticketOf } from '../support/inbox-client.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { onServer } from '../support/template.ts'

const PATIENCE_MS = 30_000
const contract = loadContract()

type Export = Readonly<{ id: string; state: string; messages: number; bytes: number; expiresAt: string | null }>
type Message = Readonly<{ content: string | null; replyToExternalId: string | null; author: { type: string } }>
type Document = Readonly<{
  customer: Readonly<{ id: string; identities: readonly Readonly<{ externalId: string }>[] }>
  tickets: readonly Readonly<{ kind: string; messages: readonly Message[] }>[]
}>

/** Somebody with a word of their own in all that they say and are called. */
type Person = Readonly<{ who: SimulatedCustomer; word: string; customerId: string }>

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: InboxClient
  let other: InboxClient
  let ann: Person
  let bob: Person
  /** The same person as Ann, where another organization has them. */
  let elsewhere: Person
  const answers = new Map<string, string>()
  /** Of the first under the post, by who wrote it. */
  const commentIds = new Map<string, string>()

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    client = await signUp(stage.url)
    other = await signUp(stage.url)
    const { account } = await connect(client, stage.simulator)
    const { account: theirs } = await connect(other, stage.simulator)
    ;[ann, bob] = await talk(client, account)
    ;[elsewhere] = await talk(other, theirs)
  })
  test.after.always(() => stage?.close())

  const called = (word: string) => ({ username: `user.${word}`, name: `Ms ${word}` })

  /** Two people: direct messages, and one thread below one post, in which they answer each other and are answered. */
  async function talk(by: InboxClient, account: SimulatedAccount): Promise<[Person, Person]> {
    const { simulator } = stage
    const [one, two] = [0, 1].map(() => {
      const word = `sentinel-${randomUUID()}`
      return { word, who: simulator.customer({ account, ...called(word) }) }
    }) as [Omit<Person, 'customerId'>, Omit<Person, 'customerId'>]
    const first = await simulator.comment(one.who, `a comment, ${one.word}`)
    const { entry } = JSON.parse(first.body.toString()) as {
      entry: { changes: { value: { id: string; media: { id: string } } }[] }[]
    }
    const { id: parentId, media } = entry[0]!.changes[0]!.value
    const under = { parentId, mediaId: media.id }
    await simulator.comment(two.who, `an answer to it, ${two.word}`, under)
    await simulator.comment(one.who, `and one more, ${one.word}`, under)
    commentIds.set(one.word, parentId)
    const people: Person[] = []
    for (const { who, word } of [one, two]) {
      await simulator.dm(who, `hello, ${word}`)
      const ticket = await ticketOf(by, who)
      const answer = `the answer for ${word}`
      await settled(by, (await by.reply(ticket.id, answer)).body)
      await ticketOf(by, who, 'COMMENT')
      answers.set(word, answer)
      people.push({ who, word, customerId: ticket.customerId })
    }
    // The thread under the post has arrived.
    await waitFor(async () => {
      const found = (await by.tickets()).filter(({ kind }) => kind === 'COMMENT')
      const said = await Promise.all(found.map(({ id }) => by.messages(id)))
      return said.flat().length >= 3 || null
    }, PATIENCE_MS)
    return people as [Person, Person]
  }

  async function exported(by: InboxClient, { customerId }: Person) {
    const asked = await by.call<Export>('POST', `/customers/${customerId}/exports`)
    if (asked.status !== 202) throw new Error(JSON.stringify(asked.body))
    const ready = await waitFor(async () => {
      const { body } = await by.call<Export>('GET', `/exports/${asked.body.id}`)
      return body.state === 'READY' ? body : null
    }, PATIENCE_MS)
    const answer = await fetch(`${stage.url}/orgs/${by.orgId}/exports/${ready.id}/file`, {
      headers: { authorization: `Bearer ${by.accessToken}` },
    })
    return { ready, answer, text: await answer.text() }
  }

  const holds = (text: string, { word, who }: Person) =>
    [word, who.id].filter((one) => formsOf(one).some((form) => text.includes(form)))

  test.serial(
    `S139: ${profile}: a file has what one customer of one organization said and was told, and nobody else's words`,
    async (t) => {
      t.timeout(90_000)
      const files = [
        { by: client, of: ann, others: [bob, elsewhere] },
        { by: client, of: bob, others: [ann, elsewhere] },
        { by: other, of: elsewhere, others: [ann, bob] },
      ]
      for (const { by, of, others } of files) {
        const { ready, answer, text } = await exported(by, of)
        t.is(answer.status, 200)
        t.is(ready.bytes, Buffer.byteLength(text))
        const document = JSON.parse(text) as Document
        t.deepEqual(contract.operation('getExportFile').validateResponse(200, 'application/json', document), [])
        t.is(document.customer.id, of.customerId)
        t.deepEqual(
          document.customer.identities.map(({ externalId }) => externalId),
          [of.who.id],
        )
        t.deepEqual(document.tickets.map(({ kind }) => kind).sort(), ['COMMENT', 'DM'])
        const said = document.tickets.flatMap(({ messages }) => messages)
        t.is(said.length, ready.messages)
        t.true(said.some(({ content }) => content === answers.get(of.word)))
        t.true(
          said.filter(({ author }) => author.type === 'CUSTOMER').every(({ content }) => content?.includes(of.word)),
        )
        for (const person of others) t.deepEqual(holds(text, person), [], 'nobody else')
        t.true(text.includes(by.orgId))
        for (const { orgId } of [client, other].filter((one) => one !== by)) t.false(text.includes(orgId))
      }
      const anns = JSON.parse((await exported(client, ann)).text) as Document
      const comments = anns.tickets.find(({ kind }) => kind === 'COMMENT')?.messages
      t.is(comments?.length, 2, 'what was said in between is somebody else’s')
      t.is(
        comments?.find(({ content }) => content?.startsWith('and one more'))?.replyToExternalId,
        commentIds.get(ann.word),
        'an answer to herself',
      )
      t.false((await exported(client, bob)).text.includes(commentIds.get(ann.word)!), 'what he answered is hers')
    },
  )

  test.serial(
    `S12, S139: ${profile}: another organization's customer, export and file look like none at all`,
    async (t) => {
      const { ready } = await exported(client, ann)
      const nobody = randomUUID()
      for (const [method, path] of [
        ['POST', (id: string) => `/customers/${id}/exports`],
        ['GET', (id: string) => `/exports/${id}`],
        ['GET', (id: string) => `/exports/${id}/file`],
      ] as const) {
        const theirs = await other.call<Record<string, unknown>>(
          method,
          path(method === 'POST' ? ann.customerId : ready.id),
        )
        const missing = await other.call<Record<string, unknown>>(method, path(nobody))
        const same = ({ instance: _i, requestId: _r, ...rest }: Record<string, unknown>) => rest
        t.is(theirs.status, 404, path('…'))
        t.deepEqual(same(theirs.body), same(missing.body))
      }
    },
  )

  test.serial(`S139: ${profile}: each fetch is in the audit log, and a file that is over is gone`, async (t) => {
    const { ready } = await exported(client, bob)
    const sql = async (text: string) =>
      (await onServer(stage.db.admin, (server) => server.query(text, [client.orgId, ready.id]))).rows
    const fetches = () =>
      sql(
        `select a.id, a.action from audit_log a join exports e on e.org_id = a.org_id and e.customer_id = a.resource_id::uuid
         where a.org_id = $1 and e.id = $2 and a.action = 'customer.export-fetched' order by a.id`,
      )
    const fetched = await fetches()
    t.true(fetched.length >= 1)
    const path = `${stage.url}/orgs/${client.orgId}/exports/${ready.id}/file`
    const head = await fetch(path, { method: 'HEAD', headers: { authorization: `Bearer ${client.accessToken}` } })
    t.is(head.status, 200)
    t.is(head.headers.get('content-length'), String(ready.bytes))
    t.is(await head.text(), '')
    t.deepEqual(await fetches(), fetched, 'nothing was handed out')
    await sql(
      `with over as (update exports set expires_at = now() - interval '1 second' where org_id = $1 and id = $2 returning id)
       update export_files set expires_at = now() - interval '1 second' where export_id in (select id from over)`,
    )
    t.like(await client.call('GET', `/exports/${ready.id}/file`), { status: 410, body: { code: 'export-expired' } })
    t.like(await client.call('GET', `/exports/${ready.id}`), { status: 200, body: { state: 'EXPIRED' } })
  })
})

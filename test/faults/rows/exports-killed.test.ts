import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import type { FailpointName } from '../../../src/config/failpoints.ts'
import { onEachProfile } from '../../support/database.ts'
import { ticketOf } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { roleShop, roleStage } from './role-stage.ts'

/** At which passing, and what the receipt says once it was killed there. */
const PLACES = [
  ['export.starting', 1, 'PENDING'],
  ['export.committing', 2, 'PENDING'],
  ['export.committed', 2, 'PENDING'],
  ['export.ended', 1, 'READY'],
] as const satisfies readonly (readonly [FailpointName, number, string])[]

/** Several pieces of a file. */
const MESSAGES = 1_500
const JOBS = `queue = 'export' and state = 'ACTIVE'`
const file = loadContract().operation('getExportFile')

onEachProfile((profile) => {
  test(`S139: ${profile}: killed at every place of an export, it writes the file anew, and one of it`, async (t) => {
    t.timeout(300_000)
    const stage = await roleStage(t, profile)
    const { killedAt, sql, up, url } = stage
    await up('api')
    const inbound = await up('inbound')
    const shop = await roleShop(stage)
    const { client } = shop
    const people = PLACES.map(([place]) => shop.write(`hello at ${place}`))
    const tickets = await Promise.all(people.map((who) => ticketOf(client, who)))
    await stage.kill(inbound)
    for (const { id } of tickets)
      await sql(
        `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, author_type, via, status, sent_at, external_id, content)
         select gen_random_uuid(), t.org_id, t.id, t.conversation_id, 'INBOUND', 'TEXT', 'CUSTOMER', 'PLATFORM', 'RECEIVED',
           now() - n * interval '1 second', 'm.' || n || t.id, 'words of ' || t.id
         from tickets t, generate_series(1, $2::int) n where t.id = $1`,
        [id, MESSAGES],
      )

    const fetchFile = (id: string) =>
      fetch(`${url}/orgs/${client.orgId}/exports/${id}/file`, {
        headers: { authorization: `Bearer ${client.accessToken}` },
      })
    const exports: string[] = []
    for (const [at, [place, nth, state]] of PLACES.entries()) {
      const asked = await client.call<{ id: string }>('POST', `/customers/${tickets[at]?.customerId}/exports`)
      t.is(asked.status, 202)
      await killedAt('inbound', place, nth)
      const { body } = await client.call<{ state: string }>('GET', `/exports/${asked.body.id}`)
      t.is(body.state, state, place)
      t.is((await fetchFile(asked.body.id)).status, state === 'READY' ? 200 : 409, place)
      await sql(`update jobs set lease_until = now() + interval '1 hour' where ${JOBS}`)
      exports.push(asked.body.id)
    }
    const [half] = await sql<{ chunks: number }>(
      'select count(*)::int as chunks from export_chunks where export_id = $1',
      [exports[2]],
    )
    t.is(half?.chunks, 2, 'half of a file was left')

    await sql(`update jobs set state = 'READY', lease_until = null, run_at = now() where ${JOBS}`)
    await up('inbound')
    for (const [at, id] of exports.entries()) {
      await waitFor(async () => {
        const { body } = await client.call<{ state: string; messages: number }>('GET', `/exports/${id}`)
        return body.state === 'READY' || null
      }, 60_000)
      const document = (await (await fetchFile(id)).json()) as { tickets: { messages: { content: string }[] }[] }
      t.deepEqual(file.validateResponse(200, 'application/json', document), [])
      const said = document.tickets.flatMap(({ messages }) => messages)
      t.is(said.length, MESSAGES + 1)
      const own = [`hello at ${PLACES[at]?.[0]}`, `words of ${tickets[at]?.id}`]
      t.deepEqual([...new Set(said.map(({ content }) => content))].sort(), own, 'and nobody else’s')
    }
    await waitFor(async () => (await sql(`select from jobs where queue = 'export'`)).length === 0)
    const [left] = await sql<{ exports: number; files: number; told: number }>(
      `select (select count(*)::int from exports) as exports, (select count(*)::int from export_files) as files,
         (select count(*)::int from event_log where type = 'customer.exported') as told`,
    )
    t.deepEqual(left, { exports: PLACES.length, files: PLACES.length, told: PLACES.length })
  })
})

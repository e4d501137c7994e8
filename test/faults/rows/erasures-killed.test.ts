import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { FailpointName } from '../../../src/config/failpoints.ts'
import { onEachProfile } from '../../support/database.ts'
import { allRows, hits } from '../../support/dump.ts'
import { ticketOf } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { roleShop, roleStage } from './role-stage.ts'

/** With what the receipt says once it was killed there. */
const PLACES = [
  ['erasure.starting', 'REQUESTED'],
  ['erasure.committing', 'REQUESTED'],
  ['erasure.committed', 'SWEEPING'],
  ['traces.committing', 'SWEEPING'],
  ['traces.committed', 'SWEEPING'],
  ['erasure.ended', 'DONE'],
] as const satisfies readonly (readonly [FailpointName, string])[]

const JOBS = `queue = 'erasure' and state = 'ACTIVE'`

onEachProfile((profile) => {
  test(`S135, S136: ${profile}: killed at every place of an erasure, it begins anew and leaves nothing`, async (t) => {
    t.timeout(300_000)
    const stage = await roleStage(t, profile)
    const { killedAt, sql, up } = stage
    await up('api')
    const inbound = await up('inbound')
    const shop = await roleShop(stage)
    const { client } = shop
    const people = PLACES.map(([place, state]) => {
      const word = `sentinel-${randomUUID()}`
      return { place, state, word, who: shop.write(`hello ${word}`) }
    })
    const neighbour = shop.write('what somebody else wrote')
    await shop.ticketOf(neighbour)
    const customers = await Promise.all(people.map(async ({ who }) => (await ticketOf(client, who)).customerId))
    // What a process that dies is working on stays until its lease ends, and names whom it is about.
    await waitFor(async () => (await sql(`select from jobs where queue = 'profile-lookup'`)).length === 0)
    await stage.kill(inbound)

    const erasures: string[] = []
    for (const [at, { place, state }] of people.entries()) {
      const asked = await client.call<{ id: string }>('DELETE', `/customers/${customers[at]}`)
      t.is(asked.status, 202)
      await killedAt('inbound', place)
      const { body } = await client.call<{ state: string }>('GET', `/erasures/${asked.body.id}`)
      t.is(body.state, state, place)
      t.is((await client.call('GET', `/customers/${customers[at]}`)).status, state === 'REQUESTED' ? 200 : 404, place)
      const [held] = await sql<{ jobs: number }>(`select count(*)::int as jobs from jobs where ${JOBS}`)
      t.is(held?.jobs, at + 1, 'it holds the job')
      // Not free before all of them were killed, however long that takes.
      await sql(`update jobs set lease_until = now() + interval '1 hour' where ${JOBS}`)
      erasures.push(asked.body.id)
    }
    const words = Object.fromEntries(
      people.flatMap(({ place, word, who }) => [
        [place, word],
        [`${place} who`, who.id],
      ]),
    )
    const left = async () => (await allRows(stage.admin)).flatMap(({ table, row }) => hits(table, row, words))
    t.true((await left()).length > 0, 'something was left to do')

    await sql(`update jobs set state = 'READY', lease_until = null, run_at = now() where ${JOBS}`)
    await up('inbound')
    await waitFor(async () => {
      const receipts = await Promise.all(erasures.map((id) => client.call<{ state: string }>('GET', `/erasures/${id}`)))
      return receipts.every(({ body }) => body.state === 'DONE') || null
    }, 60_000)
    await waitFor(async () => (await sql(`select from jobs where queue = 'erasure'`)).length === 0)
    t.deepEqual(await left(), [])
    const receipts = await Promise.all(
      erasures.map((id) => client.call<{ removed: Record<string, number> }>('GET', `/erasures/${id}`)),
    )
    // A body that was counted by who died is not counted again.
    for (const { body } of receipts) t.like(body.removed, { tickets: 1, messages: 1 })
    const told = await sql<{ n: number }>(`select count(*)::int as n from event_log where type = 'customer.erased'`)
    t.is(told[0]?.n, PLACES.length, 'each is told of once')
    t.deepEqual(
      (await client.customers()).map(({ externalId }) => externalId),
      [neighbour.id],
    )
    t.deepEqual(
      (await client.messages(await shop.ticketOf(neighbour))).map(({ content }) => content),
      ['what somebody else wrote'],
    )
  })
})

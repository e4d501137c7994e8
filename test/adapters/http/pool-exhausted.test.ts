import test from 'ava'
import { beginApplication } from '../../support/application.ts'
import { onEachProfile, testDatabase } from '../../support/database.ts'
import { signUp } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { onServer } from '../../support/template.ts'

/** As many as the smallest pool has; the system's has four. */
const POOL = 2
const SYSTEM_POOL = 4

onEachProfile((profile) => {
  test(`X5: ${profile}: with every connection in use a request is 503 after a bounded wait, and health still knows that the database is there`, async (t) => {
    t.timeout(240_000)
    const database = await testDatabase(profile)
    t.teardown(() => database.close())
    const { url, started } = await beginApplication(t, ['api'], {
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: String(POOL),
    })
    await started
    const { orgId, accessToken } = await signUp(url)
    const get = (path: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })
    const tickets = () => get(`/orgs/${orgId}/tickets`)
    t.is((await tickets()).status, 200)

    /** Nobody gets an answer from the table, and so as many of a pool's connections wait as ask for it. */
    const heldUp = (table: string, asking: readonly (() => Promise<Response>)[], work: () => Promise<void>) =>
      onServer(database.admin, async (client) => {
        await client.query(`begin; lock table ${table} in access exclusive mode`)
        const stuck = asking.map((ask) => ask())
        const text = 'select from pg_locks where not granted and relation = $1::regclass'
        const all = () => onServer(database.admin, async (other) => (await other.query(text, [table])).rowCount)
        await waitFor(async () => (await all()) === asking.length, 60_000)
        await work()
        await client.query('rollback')
        return (await Promise.all(stuck)).map(({ status }) => status)
      })
    const isUnavailable = async (answer: Response) => {
      t.is(answer.status, 503)
      t.is(answer.headers.get('content-type'), 'application/problem+json')
      t.true(Number(answer.headers.get('retry-after')) > 0)
      t.like(await answer.json(), { code: 'unavailable', retryable: true })
    }
    const isReady = async () => {
      const answer = await fetch(`${url}/readyz`)
      t.like(await answer.json(), { status: 'ok', checks: { database: { ok: true } } })
    }

    const stuck = await heldUp('tickets', Array(POOL).fill(tickets), async () => {
      await isUnavailable(await tickets())
      await isReady()
    })
    t.deepEqual(stuck, [200, 200])
    const me = () => get('/auth/me')
    // Those give up before: a session that does not come is not waited for as long as a list.
    await heldUp('sessions', Array(SYSTEM_POOL).fill(me), async () => {
      await isUnavailable(await me())
      // What it answered before is kept for a second.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      await isReady()
    })
    t.is((await tickets()).status, 200)
  })
})

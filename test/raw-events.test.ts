import test from 'ava'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

type RawEvent = Readonly<{ id: string; status: string; reason: string | null; messages: number; receivedAt: string }>

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.after.always(() => stage.close())

  // proves: raw.list
  test(`${profile}: what came is listed by status, time and reason, read, and processed again, by administrators`, async (t) => {
    const { simulator } = stage
    const person = await stage.person()
    const account = stage.account('instagram', 'kept')
    const config = { pageId: account.id, accessToken: account.accessToken, appSecret: account.appSecret }
    const made = await person.api<{ id: string }>('POST', '/channels', { type: 'INSTAGRAM', name: 'kept', config })
    const place = `/channels/${made.body.id}/raw-events`
    const list = async (query: string) => {
      const { status, body } = await person.api<{ data: RawEvent[] }>('GET', `${place}?${query}`)
      if (status !== 200) throw new Error(JSON.stringify(body))
      return body.data
    }
    const to = { url: `${stage.url}/webhook/${made.body.id}`, secret: account.appSecret }
    await simulator.dm(simulator.customer({ account }), 'hello', to)
    await waitFor(async () => (await list('')).length === 1, 20_000)
    const between = new Date().toISOString()
    await simulator.raw(account, 'not json at all', to)
    await waitFor(async () => (await list('')).length === 2, 20_000)

    const [odd, good] = await list('')
    t.like(odd, { status: 'QUARANTINED', reason: 'unreadable', messages: 0 })
    t.like(good, { status: 'PROCESSED', reason: null, messages: 1 })
    const ids = async (query: string) => (await list(query)).map(({ id }) => id)
    t.deepEqual(await ids('status=QUARANTINED'), [odd?.id])
    t.deepEqual(await ids('reason=unreadable'), [odd?.id])
    t.deepEqual(await ids('reason=given-up'), [])
    t.deepEqual(await ids(`receivedBefore=${between}`), [good?.id])
    t.deepEqual(await ids(`receivedAfter=${between}`), [odd?.id])
    t.deepEqual(await ids(`status=QUARANTINED&reason=unreadable&receivedBefore=${between}`), [])
    t.is((await person.api('GET', `${place}?reason=%00`)).status, 400)
    t.like((await person.api('GET', `${place}/${odd?.id}`)).body, { id: odd?.id, body: 'not json at all' })

    const before = await list('')
    const settled = before.map(({ id, status, reason, messages }) => ({ id, status, reason, messages }))
    const replay = async (filter: object) =>
      (await person.api<{ matched: number }>('POST', `${place}/replay`, filter)).body
    t.like(await replay({}), { matched: 2 })
    t.like(await replay({ reason: 'unreadable' }), { matched: 1 })
    t.like(await replay({ status: 'QUARANTINED', receivedBefore: between }), { matched: 0 })
    t.like(await replay({ receivedBefore: between }), { matched: 1 })
    const waits = () =>
      onServer(stage.db.admin, async (client) => {
        const { rowCount } = await client.query(`select 1 from jobs where queue = 'raw-event-replay'`)
        return rowCount
      })
    await waitFor(async () => (await waits()) === 0, 20_000)
    t.like((await person.api('POST', `${place}/${odd?.id}/replay`)).body, {
      status: 'QUARANTINED',
      reason: 'unreadable',
    })
    t.like((await person.api('POST', `${place}/${good?.id}/replay`)).body, { status: 'PROCESSED', messages: 1 })
    t.deepEqual(
      (await list('')).map(({ id, status, reason, messages }) => ({ id, status, reason, messages })),
      settled,
    )
    t.is((await person.api<{ data: unknown[] }>('GET', '/tickets')).body.data.length, 1)

    await onServer(stage.db.admin, (client) =>
      client.query("update memberships set role = 'AGENT' where org_id = $1", [person.orgId]),
    )
    for (const [method, path] of [
      ['GET', place],
      ['GET', `${place}/${odd?.id}`],
      ['POST', `${place}/${odd?.id}/replay`],
    ] as const)
      t.is((await person.api(method, path)).status, 403)
    t.is((await person.api('POST', `${place}/replay`, {})).status, 403)
  })
})

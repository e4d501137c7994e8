import { randomUUID } from 'node:crypto'
import test from 'ava'
import { type ConnectStage, connected, connectStage, type Person } from './support/connect-stage.ts'
import type { MessageJson, TicketJson } from './support/inbox-client.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

type Health = Readonly<{
  lastImport: Readonly<{ id: string; state: string; imported: number; checked: number }> | null
  gaps: Readonly<{ lastSweepAt: string | null; checked: number; found: number }>
}>
type Shown = MessageJson & Readonly<{ historical: boolean; content: string | null }>

const MINUTE_MS = 60_000

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile, { HISTORY_IMPORT_DAYS: '30' })
  })
  test.after.always(() => stage.close())

  const healthOf = async (person: Person, channelId: string) =>
    (await person.api<{ health: Health }>('GET', `/channels/${channelId}`)).body.health
  const messagesOf = async (person: Person, at: (ticket: TicketJson) => boolean): Promise<readonly Shown[]> => {
    const { data } = (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body
    const ticket = data.find(at)
    return (await person.api<{ data: Shown[] }>('GET', `/tickets/${ticket?.id}/messages?limit=100`)).body.data
  }
  const notified = async (person: Person) =>
    (await person.api<{ data: unknown[] }>('GET', '/notifications')).body.data.length

  test(`${profile}: connecting reads what was written before, twenty of a thread, twice a second, and tells nobody`, async (t) => {
    const { simulator, url, apps } = stage
    const account = stage.account('instagram', 'with.a.past')
    const [ann, bea] = [
      simulator.customer({ account, username: 'ann' }),
      simulator.customer({ account, username: 'bea' }),
    ]
    const hourAgo = Date.now() - 60 * MINUTE_MS
    for (let index = 0; index < 25; index++) {
      await simulator.dm(ann, `ann ${index}`, { hold: true, at: new Date(hourAgo + index * 1_000) })
    }
    await simulator.dm(bea, 'bea alone', { hold: true, at: new Date(hourAgo) })
    // Each takes a call of its own, so that the pace is seen.
    for (let index = 0; index < 8; index++) {
      await simulator.dm(simulator.customer({ account }), `guest ${index}`, { hold: true, at: new Date(hourAgo) })
    }
    const person = await stage.person()
    const began = performance.now()
    const channelId = await connected(person, account)
    await waitFor(async () => (await healthOf(person, channelId)).lastImport?.state === 'DONE', 30_000)
    const tookMs = performance.now() - began
    t.is((await healthOf(person, channelId)).lastImport?.imported, 29)
    const ofAnn = () => messagesOf(person, ({ lastMessagePreview }) => lastMessagePreview?.startsWith('ann') === true)
    const read = await ofAnn()
    t.is(read.length, 20)
    t.true(read.every(({ historical }) => historical))
    t.false(
      read.some(({ content }) => content === 'ann 4'),
      'the oldest five are not told',
    )
    t.is(await notified(person), 0)

    const asked = simulator.calls.filter(
      ({ accountId, route }) => accountId === account.id && route === 'conversations',
    )
    t.true(asked.length >= 11)
    // Half a second apart from the first on, however slow the machine.
    t.true(tookMs >= (asked.length - 1) * 500 - 50, `${asked.length} calls in ${tookMs} ms`)

    // What the platform delivers of them now is known already; a new one is news.
    const to = { url: `${url}/webhook/instagram`, secret: apps.instagram.appSecret }
    const [old] = simulator.webhooks.filter((webhook) => webhook.customer === bea)
    t.is((await simulator.deliver(old as NonNullable<typeof old>, to)).status, 200)
    t.is((await simulator.dm(ann, 'ann is back', to)).status, 200)
    await waitFor(async () => (await ofAnn()).length === 21, 20_000)
    t.is((await messagesOf(person, ({ lastMessagePreview }) => lastMessagePreview === 'bea alone')).length, 1)
    t.is(await notified(person), 1)

    const again = await person.api<{ id: string }>('POST', `/channels/${channelId}/imports`)
    t.is(again.status, 202)
    await waitFor(async () => (await healthOf(person, channelId)).lastImport?.state === 'DONE', 30_000)
    t.like((await healthOf(person, channelId)).lastImport, { id: again.body.id, imported: 0 })
    t.is(await notified(person), 1)
  })

  test(`${profile}: what was never delivered is found, and the channel's health says so`, async (t) => {
    const { simulator } = stage
    const account = stage.account('instagram', 'with.a.gap')
    const person = await stage.person()
    const channelId = await connected(person, account)
    await waitFor(async () => (await healthOf(person, channelId)).lastImport?.state === 'DONE', 30_000)
    const customer = simulator.customer({ account })
    await simulator.dm(customer, 'lost on the way', { hold: true, at: new Date(Date.now() - 10 * MINUTE_MS) })
    t.like((await healthOf(person, channelId)).gaps, { lastSweepAt: null, found: 0 })
    await onServer(stage.db.admin, async (client) => {
      await client.query(`update channels set created_at = now() - interval '1 hour' where id = $1`, [channelId])
      const payload = Buffer.from(JSON.stringify({ orgId: person.orgId, channelId }))
      await client.query(`insert into jobs (id, queue, payload) values ($1, 'history-sweep', $2)`, [
        randomUUID(),
        payload,
      ])
    })
    await waitFor(async () => (await healthOf(person, channelId)).gaps.lastSweepAt !== null, 20_000)
    t.like((await healthOf(person, channelId)).gaps, { checked: 1, found: 1 })
    const [found] = await messagesOf(person, ({ lastMessagePreview }) => lastMessagePreview === 'lost on the way')
    t.is(found?.historical, false)
    t.is(await notified(person), 1)
  })
})

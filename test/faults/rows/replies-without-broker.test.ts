import test from 'ava'
import { onEachProfile } from '../../support/database.ts'
import { freePort, waitFor } from '../../support/processes.ts'
import { roleShop, roleStage } from './role-stage.ts'

onEachProfile((profile) => {
  test(`D4: ${profile}: with the broker away a reply is 201 and goes out`, async (t) => {
    t.timeout(180_000)
    const stage = await roleStage(t, profile, { RABBITMQ_URL: `amqp://127.0.0.1:${await freePort()}` })
    await stage.begin('api', 'inbound', 'outbound', 'relay')
    const shop = await roleShop(stage)
    const ticketId = await shop.ticketOf(shop.write('Anybody there?'))
    const ready = async () => (await (await fetch(`${stage.url}/readyz`)).json()) as { status: string }
    t.is((await ready()).status, 'degraded')
    for (const text of ['one', 'two', 'three']) t.is((await shop.reply(ticketId, text)).record.answer?.status, 201)
    const isDone = async () => (await shop.broken()).length === 0
    await waitFor(isDone, 90_000).catch(() => {})
    t.deepEqual(await shop.broken(), [])
    const [who] = shop.people
    t.deepEqual(who && stage.simulator.received(who).map(({ text }) => text), ['one', 'two', 'three'])
  })
})

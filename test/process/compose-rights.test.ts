import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { Connection } from 'rabbitmq-client'
import { createClient } from 'redis'
import { parse } from 'yaml'
import { connectStage } from '../support/connect-stage.ts'
import { connect, settled, signUp, ticketOf } from '../support/inbox-client.ts'
import { waitFor } from '../support/processes.ts'
import { ROOT } from '../support/program.ts'
import { testUnless } from '../support/test-unless.ts'
import { throwawayRabbit, whyNoRabbit } from '../support/throwaway-rabbitmq.ts'
import { throwawayRedis, whyNoRedis } from '../support/throwaway-redis.ts'

// The users that docker-compose.yml makes in RabbitMQ and Redis, made in servers of the test's own by the same words.

const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true })
const command: readonly string[] = compose.services.redis.command

/** What stands behind `--user`, with another password. */
const rights = (password: string): readonly string[] => {
  const rule = command.slice(command.indexOf('--user') + 1)
  return rule.map((word) => (word.startsWith('>') ? `>${password}` : word))
}
const brokersRules = readFileSync(join(ROOT, 'docker/rabbitmq.conf'), 'utf8')
const USER = 'delightchat'

async function servers(t: ExecutionContext) {
  const [redis, rabbit] = await Promise.all([
    throwawayRedis({ rights }),
    throwawayRabbit({ user: USER, settings: brokersRules }),
  ])
  t.teardown(() => Promise.all([redis.dispose(), rabbit.dispose()]))
  return { redis, rabbit }
}

const whyNot = whyNoRedis() ?? whyNoRabbit()

testUnless(whyNot, 'the whole program does its work with the few rights that the compose file gives it', async (t) => {
  t.timeout(300_000)
  const { redis, rabbit } = await servers(t)
  const stage = await connectStage('embedded', { REDIS_URL: redis.url, RABBITMQ_URL: rabbit.url })
  t.teardown(() => stage.close())
  // They are declared behind the start, which waits for no broker.
  const ofDeliveries = ['inbound', 'inbound.dead', 'inbound.retry.1000ms', 'inbound.retry.300000ms']
  await waitFor(async () => {
    const names = (await rabbit.ctl('list_queues', 'name')).split('\n')
    return ofDeliveries.every((name) => names.includes(`${stage.prefix}.${name}`))
  }, 120_000)
  const client = await signUp(stage.url)
  const { account } = await connect(client, stage.simulator)
  const who = stage.simulator.customer({ account })
  await stage.simulator.dm(who, 'Hello')
  const ticket = await ticketOf(client, who)
  const reply = await client.reply(ticket.id, 'Hello too')
  await settled(client, reply.body)

  const person = await stage.person()
  const sessions = await person.browser.step(`${stage.url}/auth/sessions`, { headers: { accept: 'application/json' } })
  t.is(JSON.parse(sessions.text).data.length, 1)
  const wrong = { email: person.email, password: 'not the password' }
  const statuses = []
  for (let attempt = 0; attempt < 12; attempt++)
    statuses.push((await person.browser.post(`${stage.url}/auth/login`, wrong)).status)
  t.deepEqual([...new Set(statuses)], [401, 429], 'attempts are counted')
  const keys = stage.log.text.match(/NOPERM|ACCESS_REFUSED|Redis is away|the broker is away/g) ?? []
  t.deepEqual(keys, [])
  const out = await person.browser.post(`${stage.url}/auth/logout`, {})
  t.is(out.status, 204)
})

testUnless(
  whyNot,
  'whoever gets hold of these users administers nothing, and reads and empties nothing else',
  async (t) => {
    t.timeout(300_000)
    const { redis, rabbit } = await servers(t)
    const client = createClient({ url: redis.url })
    await client.connect()
    t.teardown(() => client.destroy())
    for (const refused of [
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['KEYS', '*'],
      ['CONFIG', 'GET', '*'],
      ['CONFIG', 'SET', 'dir', '/tmp'],
      ['ACL', 'LIST'],
      ['ACL', 'SETUSER', 'mallory', 'on', 'nopass', '+@all'],
      ['SAVE'],
      ['BGREWRITEAOF'],
      ['SHUTDOWN', 'NOSAVE'],
      ['REPLICAOF', '127.0.0.1', '1'],
      ['MONITOR'],
      ['MODULE', 'LIST'],
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
      ['MIGRATE', '127.0.0.1', '1', 'key', '0', '10'],
      ['SUBSCRIBE', 'channel'],
      ['FUNCTION', 'LIST'],
    ])
      await t.throwsAsync(client.sendCommand(refused), { message: /^NOPERM/ }, refused.join(' '))
    const nobody = createClient({ url: redis.url.replace(/:[^:@]+@/, ':wrong@'), socket: { reconnectStrategy: false } })
    nobody.on('error', () => {})
    await t.throwsAsync(nobody.connect(), { message: /WRONGPASS/ })

    t.regex(await rabbit.ctl('list_users'), new RegExp(`^${USER}\\s+\\[\\]$`, 'm'), 'no administrator')
    const broker = new Connection({ url: rabbit.url, retryLow: 100, retryHigh: 200 })
    broker.on('error', () => {})
    t.teardown(() => broker.unsafeDestroy())
    await waitFor(async () => broker.ready)
    await rabbit.ctl('add_vhost', 'of-another')
    const denied = { message: /ACCESS_REFUSED|access to/i }
    for (const queue of ['orders', 'inbound', 'delightchat.outbound', 'delightchat.inboundx'])
      await t.throwsAsync(broker.queueDeclare({ queue, durable: true }), denied, queue)
    await t.throwsAsync(broker.exchangeDeclare({ exchange: 'delightchat.events', type: 'fanout' }), denied)
    await broker.queueDeclare({ queue: 'delightchat.inbound', durable: true })
    const bound = { queue: 'delightchat.inbound', exchange: 'amq.topic', routingKey: '#' }
    await t.throwsAsync(broker.queueBind(bound), denied)
    const elsewhere = new Connection({ url: `${rabbit.url}/of-another`, retryLow: 100, retryHigh: 200 })
    const told = new Promise<string>((resolve) => elsewhere.on('error', (error) => resolve(String(error))))
    t.teardown(() => elsewhere.unsafeDestroy())
    t.regex(await told, /NOT_ALLOWED|ACCESS_REFUSED|refused/i)
  },
)

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { Client } from 'pg'
import { createGuardedClient } from '../../src/adapters/guarded-fetch/guarded-client.ts'
import { connectRedis } from '../../src/adapters/http/redis.ts'
import { createGraphClient } from '../../src/adapters/instagram/graph-client.ts'
import { createSmtpMailer } from '../../src/adapters/mail/smtp-mailer.ts'
import { connectRabbit } from '../../src/adapters/messaging/rabbit-connection.ts'
import { connectionConfig } from '../../src/adapters/persistence/connection.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { selfSigned } from '../support/certificates.ts'
import { PUBLIC_HERE, publicHere } from '../support/hostile-addresses.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'

const HOST = 'localhost'
/** No name of this machine, which the guarded client would refuse. */
const ELSEWHERE = 'files.example'
const OURS = [HOST, ELSEWHERE] as const
const secret = planted('secret-on-its-way')

const trusted = selfSigned(OURS)
const expired = selfSigned(OURS, new Date(Date.now() - 3 * 86_400_000))
const ofAnother = selfSigned(['another.example'])
// Of these two the signer is trusted here, so that what is wrong with them is their time and their name.
setDefaultCACertificates([...getCACertificates(), trusted.cert, expired.cert, ofAnother.cert])

const WRONG = {
  'one that nobody trusts': selfSigned(OURS),
  'one that is over': expired,
  'one of another server': ofAnother,
}

type Heard = { connections: number; bytes: number }

/** Shows its certificate to whoever connects and counts what comes over the connection after that. */
async function server(
  t: ExecutionContext,
  { cert, key }: Readonly<{ cert: string; key: string }>,
  kind: 'plain TLS' | 'PostgreSQL' | 'SMTP',
) {
  const heard: Heard = { connections: 0, bytes: 0 }
  const sockets = new Set<Socket>()
  const secure = (socket: Socket) => {
    const inside = new TLSSocket(socket, { isServer: true, cert, key })
    inside.on('error', () => {})
    if (kind === 'SMTP') inside.write('220 here\r\n')
    inside.on('data', (bytes) => {
      heard.bytes += bytes.length
      socket.destroy()
    })
  }
  const listening = createServer((socket) => {
    heard.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    if (kind !== 'PostgreSQL') return secure(socket)
    socket.once('data', () => {
      socket.write('S')
      secure(socket)
    })
  }).listen(0, '::')
  await once(listening, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    listening.close()
  })
  return { port: (listening.address() as AddressInfo).port, heard }
}

type Way = Readonly<{
  kind: Parameters<typeof server>[2]
  /** Tries to reach the server; settles once that has failed, or something of ours has arrived. */
  go: (port: number, heard: Heard) => Promise<unknown>
}>

const failed = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('it was answered, and nothing answers here')
    },
    (error: unknown) => error,
  )

const WAYS: Readonly<Record<string, Way>> = {
  'the client of the platform': {
    kind: 'plain TLS',
    go: (port) => {
      const urls = { graphUrl: `https://${HOST}:${port}`, facebookGraphUrl: `https://${HOST}:${port}` }
      const ask = createGraphClient({ ...urls, graphVersion: 'v1.0' }, fetch)
      const call = { method: 'POST', flavour: 'instagram', path: 'me/messages', token: secret, json: {} } as const
      return ask(call, new AbortController().signal)
    },
  },
  'the guarded client': {
    kind: 'plain TLS',
    go: (port) =>
      createGuardedClient({ rules: publicHere, resolver: async () => [PUBLIC_HERE] }).request({
        ...{ method: 'POST', url: `https://${ELSEWHERE}:${port}/`, headers: { 'x-secret': secret }, body: secret },
        ...{ maxBytes: 1_000, timeoutMs: 5_000, maxRedirects: 0 },
      } as Parameters<ReturnType<typeof createGuardedClient>['request']>[0]),
  },
  ...Object.fromEntries(
    ['require', 'verify-full'].map((mode): [string, Way] => [
      `PostgreSQL with sslmode=${mode}`,
      {
        kind: 'PostgreSQL',
        go: (port) =>
          failed(
            new Client(connectionConfig({ url: `postgres://u:${secret}@${HOST}:${port}/d?sslmode=${mode}` })).connect(),
          ),
      },
    ]),
  ),
  Redis: {
    kind: 'plain TLS',
    go: async (port, heard) => {
      const log = new RecordingLog()
      const redis = connectRedis(`rediss://:${secret}@${HOST}:${port}`, log)
      await waitFor(async () => heard.bytes > 0 || log.text.includes('Redis is away'))
      await redis.close()
    },
  },
  RabbitMQ: {
    kind: 'plain TLS',
    go: async (port, heard) => {
      const log = new RecordingLog()
      const rabbit = connectRabbit({ url: `amqps://u:${secret}@${HOST}:${port}`, name: 'test', log })
      await waitFor(async () => heard.bytes > 0 || log.text.includes('the broker is away'))
      rabbit.unsafeDestroy()
    },
  },
  'the server of letters': {
    kind: 'SMTP',
    go: (port) => {
      const mailer = createSmtpMailer({ url: `smtps://u:${secret}@${HOST}:${port}`, from: 'a@b.example', pausesMs: [] })
      return failed(mailer.send({ to: 'ann@example.com', subject: 'Hello', text: secret }))
    },
  },
}

for (const [who, { kind, go }] of Object.entries(WAYS)) {
  test(`${who} tells nothing to a server whose certificate is not right, and speaks to one whose is`, async (t) => {
    for (const [what, made] of Object.entries(WRONG)) {
      const { port, heard } = await server(t, made, kind)
      const outcome = await go(port, heard)
      t.true(heard.connections > 0, what)
      t.is(heard.bytes, 0, `${what}: ${outcome}`)
      if (who === 'the client of the platform') t.like(outcome, { kind: 'not-written' }, 'so that it is tried again')
    }
    const { port, heard } = await server(t, trusted, kind)
    await go(port, heard)
    t.true(heard.bytes > 0, 'the server would have heard it')
  })
}

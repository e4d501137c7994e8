import { createHmac, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { type ChannelJson, connect, type InboxClient, signUp } from '../support/inbox-client.ts'
import { waitFor } from '../support/processes.ts'
import type { Profile } from '../support/profiles.ts'
import { onServer } from '../support/template.ts'

export type Headers = Readonly<Record<string, string | readonly string[]>>
export type WebhookAnswer = Readonly<{ status: number; type: string; text: string }>

export const hmac = (secret: string, body: string | Uint8Array, algorithm = 'sha256') =>
  createHmac(algorithm, secret).update(body).digest('hex')

/** A webhook as the platform signs it. */
export const signedRequest = (secret: string, body: string) => ({
  body,
  headers: { 'x-hub-signature-256': `sha256=${hmac(secret, body)}` },
})

/** An organization with a channel, and how its account's platform and others speak to it. */
export type WebhookShop = Awaited<ReturnType<typeof openShop>>

/** The whole program without app secrets of the operator: only what a channel was given signs for it. */
export const webhookStage = (profile: Profile): Promise<ConnectStage> =>
  connectStage(profile, {
    ...{ INSTAGRAM_APP_ID: '', INSTAGRAM_APP_SECRET: '', META_APP_ID: '', META_APP_SECRET: '' },
  })

export async function openShop(stage: ConnectStage, given: { client?: InboxClient; appSecret?: string } = {}) {
  const client = given.client ?? (await signUp(stage.url))
  const config = given.appSecret === undefined ? {} : { config: { appSecret: given.appSecret } }
  const { channel, account } = await connect(client, stage.simulator, config)
  const secret = given.appSecret ?? account.appSecret
  const path = `/webhook/${channel.id}`

  const post = (body: string | Uint8Array, headers: Headers = {}, to = path) => postTo(stage.url + to, body, headers)
  const signed = (body: string | Uint8Array, headers: Headers = {}, to = path) =>
    post(body, { 'x-hub-signature-256': `sha256=${hmac(secret, body)}`, ...headers }, to)

  const item = (more: object = {}) => ({
    sender: { id: newId() },
    recipient: { id: account.id },
    timestamp: Date.now(),
    message: { mid: `m_${randomUUID()}`, text: 'hello' },
    ...more,
  })
  const bodyOf = (...items: readonly object[]) =>
    JSON.stringify({ object: 'instagram', entry: [{ id: account.id, time: Date.now(), messaging: items }] })

  /** What is in the tables, by name. */
  const count = (table: string): Promise<number> =>
    onServer(stage.db.admin, async (server) => {
      const { rows } = await server.query(`select count(*)::int as n from ${table} where org_id = $1`, [client.orgId])
      return rows[0].n
    })
  const texts = (): Promise<readonly string[]> =>
    onServer(stage.db.admin, async (server) => {
      const { rows } = await server.query('select content from messages where org_id = $1 order by content', [
        client.orgId,
      ])
      return rows.map(({ content }) => content)
    })
  const inbox = async () => ({
    customers: await count('customers'),
    tickets: await count('tickets'),
    messages: await count('messages'),
  })
  const health = async () => (await client.call<ChannelJson>('GET', `/channels/${channel.id}`)).body.health

  return {
    ...{ client, channel, account, secret, path, post, signed, item, bodyOf, count, texts, inbox, health },
    /** One more message, and all that came before it is done with. */
    async settled() {
      const text = `settled ${randomUUID()}`
      const { status } = await signed(bodyOf(item({ message: { mid: `m_${randomUUID()}`, text } })))
      if (status !== 200) throw new Error(`${status} for a right message`)
      await waitFor(async () => (await texts()).includes(text), 20_000)
    },
  }
}

/** As the platform's ids are: digits alone. */
export const newId = () => String(10 ** 15 + Math.floor(Math.random() * 8e15))

function postTo(url: string, body: string | Uint8Array, headers: Headers): Promise<WebhookAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WebhookAnswer>()
  const call = request(url, { method: 'POST' }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        text: Buffer.concat(chunks).toString(),
      }),
    )
  })
  call.on('error', reject)
  call.setHeader('content-type', 'application/json')
  for (const [name, value] of Object.entries(headers)) call.setHeader(name, value)
  call.end(body)
  return promise
}

import { createHash } from 'node:crypto'
import test from 'ava'
import type { InstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { onEachProfile } from '../support/database.ts'
import { type InboxClient, type MessageJson, settled, ticketOf } from '../support/inbox-client.ts'
import type { MainProcess } from '../support/main-process.ts'
import { waitFor } from '../support/processes.ts'
import { sampleFile } from '../support/sample-files.ts'
import { type ShopStage, shopStage } from '../support/shop-stage.ts'

const PUBLIC_URL = 'https://inbox.example'

onEachProfile((profile) => {
  // Every test has an account of its own.
  let stage: ShopStage
  let simulator: InstagramSimulator
  let main: MainProcess
  let aTalk: ShopStage['aTalk']

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await shopStage(profile, 'upload-journey', { publicUrl: PUBLIC_URL })
    ;({ aTalk, main, simulator } = stage)
  })

  test.after.always(async (t) => {
    t.timeout(60_000)
    await stage?.close(t)
  })

  type UploadJson = Readonly<{ id: string; url: string; code?: string; type: string }>

  async function upload({ accessToken, orgId }: InboxClient, file: Buffer, query = '') {
    const response = await fetch(`${main.url}/orgs/${orgId}/attachments${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
      body: new Uint8Array(file),
    })
    return { status: response.status, body: (await response.json()) as UploadJson }
  }

  const send = (client: InboxClient, ticketId: string, attachmentId: string, more: object = {}) =>
    client.call<MessageJson & { code?: string }>('POST', `/tickets/${ticketId}/messages`, {
      ...more,
      attachments: [{ attachmentId }],
    })
  const isThere = async (client: InboxClient, id: string) =>
    (await client.call('GET', `/attachments/${id}`)).status === 200
  const fetched = (url: string) => fetch(url.replace(PUBLIC_URL, main.url)).then(({ status }) => status)

  // proves: out.upload-journey
  test(`${profile}: a file goes from the agent’s upload to the customer’s phone, byte for byte, under a sealed link`, async (t) => {
    const { client, who, ticket } = await aTalk()
    for (const [format, type, contentType] of [
      ['jpeg', 'image', 'image/jpeg'],
      ['mp4', 'video', 'video/mp4'],
      ['pdf', 'file', 'application/pdf'],
    ] as const) {
      const file = sampleFile(format, 600_000)
      const { status, body } = await upload(client, file, `?ticketId=${ticket.id}`)
      t.is(status, 201)
      const message = await settled(client, (await send(client, ticket.id, body.id)).body)
      t.is(message.status, 'SENT', JSON.stringify(message.failure))
      const bubble = await simulator.waitFor(() =>
        simulator.received(who).find((one) => one.attachments[0]?.type === type),
      )
      const sha256 = createHash('sha256').update(file).digest('hex')
      t.deepEqual(bubble.attachments[0]?.fetched, { contentType, bytes: file.length, sha256 })
      const link = bubble.attachments[0]?.url ?? ''
      t.true(link.startsWith(`${PUBLIC_URL}/media/`))
      t.false(link.includes(body.id))
      t.is(await fetched(link), 200)
      t.is(await fetched(link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))), 404)
    }
  })

  test(`${profile}: what the channel or the ticket does not take is refused before it is stored`, async (t) => {
    const { client, account, channel, ticket } = await aTalk()
    const stranger = simulator.customer({ account })
    await simulator.comment(stranger, 'How much?')
    const comment = await ticketOf(client, stranger, 'COMMENT')
    const photo = sampleFile('jpeg', 500)
    t.like(await upload(client, photo, `?ticketId=${comment.id}`), {
      status: 422,
      body: { code: 'capability-missing' },
    })
    t.is((await upload(client, photo, `?ticketId=${ticket.id}`)).status, 201)
    t.is((await upload(client, photo, `?channelId=${channel.id}`)).status, 201)
    t.is((await upload(client, photo)).status, 201)
    const other = await aTalk()
    t.is((await upload(client, photo, `?channelId=${other.channel.id}`)).status, 404)
    t.is((await upload(client, photo, `?ticketId=${other.ticket.id}`)).status, 404)
  })

  test(`${profile}: a file goes with the message that is taken back, unless another one needs it`, async (t) => {
    const { client, who, ticket } = await aTalk()
    const { body: file } = await upload(client, sampleFile('jpeg', 500))
    const first = await settled(client, (await send(client, ticket.id, file.id)).body)
    const second = await settled(client, (await send(client, ticket.id, file.id)).body)
    await simulator.unsend(who, first.externalId ?? '')
    await waitFor(
      async () => ((await client.message(first)) as MessageJson & { deletedAt: unknown }).deletedAt !== null,
    )
    t.true(await isThere(client, file.id))
    const link = simulator.received(who)[1]?.attachments[0]?.url ?? ''
    t.is(await fetched(link), 200)
    await simulator.unsend(who, second.externalId ?? '')
    await waitFor(
      async () => ((await client.message(second)) as MessageJson & { deletedAt: unknown }).deletedAt !== null,
    )
    t.false(await isThere(client, file.id))
    t.is(await fetched(link), 404)
  })

  test(`${profile}: a file that is gone when its message is tried again fails it, and says so`, async (t) => {
    const { client, account, ticket } = await aTalk()
    const { body: file } = await upload(client, sampleFile('jpeg', 500))
    simulator.fault({ kind: 'refusal', code: 551, subcode: 1545041 }, { on: 'send', account: account.id, times: 2 })
    const failed = await settled(client, (await send(client, ticket.id, file.id)).body)
    t.like(failed, { status: 'FAILED', failure: { code: 'recipient-unavailable', retryable: true } })
    const retry = `/tickets/${ticket.id}/messages/${failed.id}/retry`
    t.is((await client.call('POST', retry)).status, 202)
    await waitFor(
      async () =>
        simulator.calls.filter(({ accountId, route }) => accountId === account.id && route === 'send').length === 2,
    )
    t.like(await settled(client, failed, ['FAILED']), { failure: { code: 'recipient-unavailable' } })
    t.is((await client.call('DELETE', `/attachments/${file.id}`)).status, 204)
    t.is((await client.call('POST', retry)).status, 202)
    const gone = await waitFor(async () => {
      const now = await client.message(failed)
      return now.failure?.code === 'media-gone' ? now : null
    }, 30_000)
    t.like(gone, { status: 'FAILED', failure: { retryable: false } })
    t.regex(gone.failure?.detail ?? '', /Upload the file again/)
  })
})

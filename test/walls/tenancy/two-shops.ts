import { randomUUID } from 'node:crypto'
import type { SimulatedAccount, SimulatedCustomer } from '../../../dev/instagram-simulator/index.ts'
import { createAccountDirectory } from '../../../src/adapters/persistence/account-directory.ts'
import type { Orm } from '../../../src/adapters/persistence/transaction.ts'
import { createPasswordHasher } from '../../../src/adapters/security/password-hasher.ts'
import { KEY_SCOPES } from '../../../src/core/api-key/api-key.ts'
import type { MemberId, OrgId, UserId } from '../../../src/core/ids.ts'
import { ROLES, type Role } from '../../../src/core/member/permissions.ts'
import type { ConnectStage } from '../../support/connect-stage.ts'
import { connect, type InboxClient, settled, signUp, ticketOf } from '../../support/inbox-client.ts'
import { planted } from '../../support/planted.ts'
import { waitFor } from '../../support/processes.ts'
import { sampleFile } from '../../support/sample-files.ts'
import { ids as newIds } from '../../support/seed.ts'
import { onServer } from '../../support/template.ts'
import type { Caller } from './calls.ts'

/** What names something of a shop: of a path by the parameter's name, and of lists `operationId.cursor`. */
export type ShopIds = Readonly<Record<string, string>>

export type Shop = Readonly<{
  orgId: string
  name: string
  ids: ShopIds
  /** A session of a member of each role. */
  tokens: Readonly<Record<Role, string>>
  /** An API key of the owner's that may do all that a key can. */
  apiKey: string
  emails: Readonly<Record<Role, string>>
  client: InboxClient
  account: SimulatedAccount
  who: SimulatedCustomer
  /** Under which everybody may fetch the file, for a time. */
  link: string
}>

/** Somebody who owns both: which of them is asked for, the path says. */
export type TwoShops = Readonly<{ shops: readonly [Shop, Shop]; ownerOfBoth: string; people: People }>

export async function openTwoShops(stage: ConnectStage, caller: Caller): Promise<TwoShops> {
  const orm = stage.db.orm({ poolSize: 2 })
  const password = planted('password')
  const people = createPeople(stage, orm, { password, passwordHash: await createPasswordHasher().hash(password) })
  const one = await openShop(stage, caller, people, 'Shop of the sentinel amber')
  const two = await openShop(stage, caller, people, 'Shop of the sentinel cobalt')
  const email = `${randomUUID()}@example.com`
  for (const { orgId } of [one, two]) await people.join(orgId, 'OWNER', email)
  return { shops: [one, two], ownerOfBoth: await people.signIn(email), people }
}

/** Further members, all with one password, which is hashed once. */
export type People = ReturnType<typeof createPeople>

function createPeople(
  stage: ConnectStage,
  orm: Orm,
  { password, passwordHash }: Readonly<{ password: string; passwordHash: string }>,
) {
  const accounts = createAccountDirectory({ orm })
  return {
    password,
    async join(orgId: string, role: Role, email = `${randomUUID()}@example.com`) {
      const memberId = newIds.next() as MemberId
      const userId = newIds.next() as UserId
      const name = `A member who is ${role}`
      await accounts.addMember({
        ...{ orgId: orgId as OrgId, memberId, userId, email, name, passwordHash, role },
        now: new Date(),
      })
      return { email, memberId: memberId as string }
    },
    async signIn(email: string): Promise<string> {
      const answer = await fetch(`${stage.url}/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      })
      const { accessToken } = (await answer.json()) as { accessToken?: string }
      if (accessToken === undefined) throw new Error(`no session: ${answer.status}`)
      return accessToken
    },
  }
}

async function openShop(stage: ConnectStage, caller: Caller, people: People, name: string): Promise<Shop> {
  const { simulator, url } = stage
  const client = await signUp(url)
  const { orgId } = client
  const members = await Promise.all(ROLES.map((role) => people.join(orgId, role)))
  const sessions = await Promise.all(members.map(({ email }) => people.signIn(email)))
  const tokens = Object.fromEntries(ROLES.map((role, at) => [role, sessions[at]])) as Shop['tokens']
  const emails = Object.fromEntries(ROLES.map((role, at) => [role, members[at]!.email])) as Shop['emails']
  const colleague = await people.join(orgId, 'AGENT')
  const theirs = await caller.call('GET', '/auth/sessions', { token: await people.signIn(colleague.email) })

  // Two of whatever has a list, so that each list has a second page.
  const { account, channel } = await connect(client, simulator)
  await connect(client, simulator)
  const who = simulator.customer({ account })
  const other = simulator.customer({ account })
  await simulator.dm(who, `Hello, ${name}`)
  await simulator.dm(other, 'Hello too')
  const third = simulator.customer({ account })
  await simulator.dm(third, 'Forget me')
  const ticket = await ticketOf(client, who)
  await ticketOf(client, other)
  const reply = await client.reply(ticket.id, `Thank you, says ${name}`, { 'idempotency-key': 'the first reply' })
  await settled(client, reply.body)
  const [message] = await client.messages(ticket.id)
  await simulator.dm(who, 'And one more')
  await waitFor(async () => (await client.messages(ticket.id)).length === 3)

  const owner = <T>(method: string, path: string, body?: unknown) =>
    caller
      .call(method, `/orgs/${orgId}${path}`, { token: tokens.OWNER, ...(body === undefined ? {} : { body }) })
      .then(({ status, text }) => {
        if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
        return JSON.parse(text) as T
      })
  const invitations = await Promise.all(
    ['one', 'other'].map((who) =>
      owner<{ id: string }>('POST', '/invitations', { email: `${who}@example.com`, role: 'AGENT' }),
    ),
  )
  const upload = await owner<{ id: string; url: string }>('POST', '/attachments', sampleFile('jpeg', 2_000))
  const made = await owner<{ id: string }>('POST', `/channels/${channel.id}/imports`)
  await waitFor(async () => {
    const { state } = await owner<{ state: string }>('GET', `/channels/${channel.id}/imports/${made.id}`)
    return state !== 'RUNNING'
  })
  const [key] = [await makeKey(owner), await makeKey(owner)]
  const first = async (path: string) => (await owner<{ data: { id: string }[] }>('GET', path)).data[0]!.id
  const deadLetters = [newIds.next(), newIds.next()]
  await onServer(stage.db.admin, async (server) => {
    for (const id of deadLetters) {
      await server.query(
        `insert into jobs (id, org_id, queue, state, attempt, dead_at, reason, payload)
         values ($1, $2, 'token-refresh', 'DEAD', 10, now(), 'Error: away', $3)`,
        [id, orgId, JSON.stringify({ orgId, channelId: randomUUID() })],
      )
    }
  })
  const places: ShopIds = { orgId, channelId: channel.id, ticketId: ticket.id }
  const somebody = await ticketOf(client, third)
  const erasure = await owner<{ id: string }>('DELETE', `/customers/${somebody.customerId}`)
  await waitFor(async () => (await owner<{ state: string }>('GET', `/erasures/${erasure.id}`)).state === 'DONE')
  const exported = await owner<{ id: string }>('POST', `/customers/${ticket.customerId}/exports`)
  await waitFor(async () => (await owner<{ state: string }>('GET', `/exports/${exported.id}`)).state === 'READY')
  return {
    ...{ orgId, name, tokens, emails, apiKey: key.secret, client, account, who, link: upload.url },
    ids: {
      ...places,
      memberId: colleague.memberId,
      apiKeyId: key.key.id,
      sessionId: (JSON.parse(theirs.text) as { data: { id: string }[] }).data[0]!.id,
      customerId: ticket.customerId,
      messageId: message!.id,
      attachmentId: upload.id,
      invitationId: invitations[0]!.id,
      importId: made.id,
      erasureId: erasure.id,
      exportId: exported.id,
      deadLetterId: deadLetters[0]!,
      rawEventId: await first(`/channels/${channel.id}/raw-events`),
      notificationId: await first('/notifications'),
      state: await stateOf(owner),
      ...(await choiceOf(stage, tokens.OWNER, owner)),
    },
  }
}

type Owner = <T>(method: string, path: string, body?: unknown) => Promise<T>

const makeKey = (owner: Owner) =>
  owner<{ key: { id: string }; secret: string }>('POST', '/api-keys', { name: 'A program', scopes: KEY_SCOPES })

/** Of a login that was begun and not ended. */
async function stateOf(owner: Owner): Promise<string> {
  const { authorizeUrl } = await owner<{ authorizeUrl: string }>('GET', '/channels/instagram/connect')
  return new URL(authorizeUrl).searchParams.get('state')!
}

/** Of a login that spoke for several accounts, and one of them. */
async function choiceOf(stage: ConnectStage, token: string, owner: Owner) {
  const [account] = ['one', 'another'].map((name) => stage.account('facebook', `${name}_${randomUUID().slice(0, 8)}`))
  const { authorizeUrl } = await owner<{ authorizeUrl: string }>('GET', '/channels/facebook/connect')
  const back = (await fetch(authorizeUrl, { redirect: 'manual' })).headers.get('location')!
  const { pathname, search } = new URL(back)
  const answer = await fetch(`${stage.url}${pathname}${search}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
  })
  const body = (await answer.json()) as { status: string; choice: string }
  if (body.status !== 'CHOOSE') throw new Error(`no choice: ${JSON.stringify(body)}`)
  return { choice: body.choice, account: account!.id }
}

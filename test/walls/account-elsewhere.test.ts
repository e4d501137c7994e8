import test from 'ava'
import type { SimulatedAccount } from '../../dev/instagram-simulator/index.ts'
import { backFrom, type ConnectStage, connected, connectStage, finish, type Person } from '../support/connect-stage.ts'
import type { TicketJson } from '../support/inbox-client.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { rowsAtRest, rowsOf } from './tenancy/rows-of.ts'

const PATIENCE_MS = 20_000

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.after.always(() => stage?.close())

  const previews = async (person: Person) =>
    (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body.data.map((ticket) => ticket.lastMessagePreview)
  /** Somebody new writes to it, and the platform tells the app. */
  const written = async (account: SimulatedAccount, text: string) => {
    const webhook = await stage.simulator.dm(stage.simulator.customer({ account }), text, { hold: true })
    const { appSecret: secret } = stage.apps[account.login]
    return (await stage.simulator.together([webhook], { url: `${stage.url}/webhook/instagram`, secret })).status
  }
  /** A login for that account, with the choice where there is one. */
  const tried = async (person: Person, account: SimulatedAccount) => {
    const { status, body } = await finish(person, await backFrom(person, account.login, { account: account.id }))
    return body['status'] === 'CHOOSE'
      ? person.api<object>('POST', `/channels/${account.login}/connect`, {
          choice: body['choice'],
          account: account.id,
        })
      : { status, body }
  }

  test.serial(
    `S129: ${profile}: of fifty logins for one account that are finished at once, by twenty-five organizations, one connects it`,
    async (t) => {
      t.timeout(120_000)
      const account = stage.account('instagram', 'wanted_by_all')
      const people: Person[] = []
      while (people.length < 25) people.push(await stage.person())
      const logins: { person: Person; back: string }[] = []
      for (const person of [...people, ...people])
        logins.push({ person, back: await backFrom(person, 'instagram', { account: account.id }) })
      const finished = await Promise.all(logins.map(({ person, back }) => finish(person, back)))
      const have = (await Promise.all(people.map((person) => person.channels()))).filter(({ length }) => length > 0)
      t.is(have.length, 1, 'of one organization')
      t.is(have[0]?.length, 1)
      const winners = finished.filter(({ status }) => status === 200)
      t.true(winners.length === 1 || winners.length === 2, 'it may log in again')
      for (const { body } of winners) t.is((body['channel'] as { id: string }).id, have[0]![0]!.id)
      for (const { body, status } of finished.filter(({ status }) => status !== 200))
        t.deepEqual([status, body.code], [409, 'account-bound-elsewhere'])
    },
  )

  for (const login of ['instagram', 'facebook'] as const)
    test.serial(
      `S14: ${profile}: an account that another organization has by ${login} stays there, whatever is tried here`,
      async (t) => {
        const account = stage.account(login, `wanted_${login}`)
        if (login === 'facebook') stage.account(login, 'beside_it')
        const [first, second] = [await stage.person(), await stage.person()]
        const channelId = await connected(first, account)
        const secrets = [first.orgId, first.email, channelId, 'wanted by the first']
        await first.api('PATCH', `/channels/${channelId}`, { name: 'wanted by the first' })
        const before = await rowsAtRest(stage.db.admin, first.orgId)

        for (let time = 0; time < 2; time++) {
          const refused = await tried(second, account)
          t.like(refused, { status: 409, body: { code: 'account-bound-elsewhere' } })
          for (const secret of secrets) t.false(JSON.stringify(refused.body).includes(secret), secret)
        }
        t.deepEqual(await second.channels(), [])

        // By hand anybody may enter any account: what it gets is signed by an app of theirs, and the first keeps its own.
        const pasted = await second.api<{ id: string }>('POST', '/channels', {
          type: 'INSTAGRAM',
          name: 'Mine',
          config: {
            pageId: account.id,
            accessToken: planted('access-token'),
            appSecret: planted('app-secret'),
            webhookVerifyToken: planted('verify-token'),
          },
        })
        t.is(pasted.status, 201)
        for (const secret of secrets) t.false(JSON.stringify(pasted.body).includes(secret), secret)
        t.deepEqual(await rowsOf(stage.db.admin, first.orgId), before)
        t.is(await written(account, 'to the first'), 200)
        await waitFor(async () => (await previews(first)).length === 1, PATIENCE_MS)
        t.is((await tried(second, account)).status, 409, 'nor over what was entered by hand')

        t.is((await second.api('DELETE', `/channels/${pasted.body.id}`)).status, 204)
        t.truthy(stage.simulator.subscriptions(account), 'the app still hears of it')
        t.is(await written(account, 'to the first again'), 200)
        await waitFor(async () => (await previews(first)).length === 2, PATIENCE_MS)
        t.deepEqual(await previews(second), [])
      },
    )
})

import test from 'ava'
import type { SimulatedAccount } from '../dev/instagram-simulator/index.ts'
import { type ConnectStage, connected, connectStage, type Person } from './support/connect-stage.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.afterEach.always(() => stage.simulator.clearFaults())
  test.after.always(() => stage.close())

  const rows = <T extends object>(text: string, values: readonly unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query<T>(text, [...values])).rows)
  const waiting = (person: Person) =>
    rows<{ asked_at: Date | null; sealed: string }>('select asked_at, sealed from unsubscriptions where org_id = $1', [
      person.orgId,
    ])
  const isSettled = async (person: Person) => (await waiting(person)).length === 0
  const outcomes = async (person: Person) =>
    (
      await rows<{ action: string }>(
        `select action from audit_log where org_id = $1 and action like 'channel.unsubscribe%'`,
        [person.orgId],
      )
    ).map(({ action }) => action)
  const delivers = (account: SimulatedAccount) => stage.simulator.subscriptions(account)?.includes('messages') === true
  const remove = async (person: Person, id: string) => (await person.api('DELETE', `/channels/${id}`)).status
  /** Whatever is asked about the account's subscription from now on fails. */
  const away = (account: SimulatedAccount) =>
    stage.simulator.fault({ kind: 'server-error' }, { on: 'subscribed-apps', account: account.id, times: 'always' })

  const deletions = (account: SimulatedAccount) =>
    stage.simulator.calls.filter(({ accountId, method }) => accountId === account.id && method === 'DELETE').length
  /** The job was put off once and waits. */
  const isPutOff = async () =>
    (await rows(`select 1 from jobs where queue = 'unsubscribe' and state = 'READY' and reason is not null`)).length > 0

  // proves: login.disconnect
  test.serial(
    `${profile}: a channel that was connected by login is unsubscribed when it is deleted, with both logins`,
    async (t) => {
      for (const login of ['instagram', 'facebook'] as const) {
        const person = await stage.person()
        const account = stage.account(login, `gone.${login}`)
        const id = await connected(person, account)
        t.true(delivers(account))
        t.is(await remove(person, id), 204)
        await waitFor(() => isSettled(person), 20_000)
        t.is(stage.simulator.subscriptions(account), null)
        t.deepEqual(await outcomes(person), ['channel.unsubscribed'])
      }
    },
  )

  test.serial(
    `${profile}: a deletion does not wait for the platform, and the token goes when it has been told`,
    async (t) => {
      const person = await stage.person()
      const account = stage.account('instagram', 'away')
      const id = await connected(person, account)
      away(account)
      t.is(await remove(person, id), 204)
      t.deepEqual(await person.channels(), [])
      t.is((await rows('select 1 from channel_secrets where org_id = $1', [person.orgId])).length, 0)
      await waitFor(async () => (await waiting(person))[0]?.asked_at != null, 20_000)
      const [kept] = await waiting(person)
      t.notRegex(kept?.sealed ?? '', /IGAA/)
      t.true(delivers(account))
      stage.simulator.clearFaults()
      await waitFor(() => isSettled(person), 30_000)
      t.false(delivers(account))
    },
  )

  test.serial(`${profile}: an account that somebody has connected meanwhile stays subscribed`, async (t) => {
    const [before, after] = [await stage.person(), await stage.person()]
    const account = stage.account('instagram', 'taken.over')
    const id = await connected(before, account)
    away(account)
    await remove(before, id)
    // Asked once, in vain; the next time comes when somebody else has it.
    await waitFor(isPutOff, 20_000)
    await rows(`update jobs set run_at = now() + interval '1 hour' where queue = 'unsubscribe'`)
    stage.simulator.clearFaults()
    await connected(after, account)
    const asked = deletions(account)
    t.true(asked > 0)
    await rows(`update jobs set run_at = now() where queue = 'unsubscribe'`)
    await waitFor(() => isSettled(before), 30_000)
    t.is(deletions(account), asked)
    t.true(delivers(account))
    t.deepEqual(await outcomes(before), ['channel.unsubscribe_not_needed'])
  })

  test.serial(`${profile}: where that happens while the platform is being told, it is subscribed anew`, async (t) => {
    const [before, after] = [await stage.person(), await stage.person()]
    const account = stage.account('instagram', 'crossing')
    const id = await connected(before, account)
    stage.simulator.fault({ kind: 'latency', delayMs: 2_000 }, { on: 'subscribed-apps', account: account.id })
    await remove(before, id)
    await waitFor(async () => (await waiting(before))[0]?.asked_at != null, 20_000)
    await connected(after, account)
    await waitFor(() => isSettled(before), 30_000)
    t.true(delivers(account))
    t.deepEqual(await outcomes(before), ['channel.unsubscribe_not_needed'])
  })

  test.serial(`${profile}: a move takes the account along with its subscription`, async (t) => {
    const [before, after] = [await stage.person(), await stage.person()]
    const account = stage.account('instagram', 'moved')
    const oldId = await connected(before, account)
    const id = await connected(after, account, { move: true })
    t.is(await remove(before, oldId), 404)
    t.deepEqual(await waiting(before), [])
    t.true(delivers(account))
    t.is(await remove(after, id), 204)
    await waitFor(() => isSettled(after), 20_000)
    t.false(delivers(account))
  })

  test.serial(`${profile}: with a dead token, or after a week, the credentials go without it`, async (t) => {
    const person = await stage.person()
    const revoked = stage.account('instagram', 'revoked')
    const id = await connected(person, revoked)
    stage.simulator.revokeTokens(revoked)
    await remove(person, id)
    await waitFor(() => isSettled(person), 20_000)
    t.deepEqual(await outcomes(person), ['channel.unsubscribe_failed'])

    const late = await stage.person()
    const account = stage.account('instagram', 'never.answers')
    const lateId = await connected(late, account)
    away(account)
    await remove(late, lateId)
    await waitFor(async () => (await waiting(late))[0]?.asked_at != null, 20_000)
    await rows(`update unsubscriptions set requested_at = requested_at - interval '8 days' where org_id = $1`, [
      late.orgId,
    ])
    await rows(`update jobs set run_at = now() where queue = 'unsubscribe' and state = 'READY'`)
    await waitFor(async () => {
      await rows(`update jobs set run_at = now() where queue = 'unsubscribe' and state = 'READY'`)
      return isSettled(late)
    }, 20_000)
    t.deepEqual(await outcomes(late), ['channel.unsubscribe_failed'])
  })

  test.serial(`${profile}: a channel with pasted credentials is another app's affair`, async (t) => {
    const person = await stage.person()
    const account = stage.account('instagram', 'pasted.in')
    const config = { pageId: account.id, accessToken: account.accessToken, appSecret: account.appSecret }
    const { body } = await person.api<{ id: string }>('POST', '/channels', { type: 'INSTAGRAM', name: 'own', config })
    t.is(await remove(person, body.id), 204)
    t.deepEqual(await waiting(person), [])
  })
})

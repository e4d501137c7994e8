import test from 'ava'
import type { SubscribeJob } from '../src/core/channel/subscribe.ts'
import type { UnsubscribeJob } from '../src/core/channel/unsubscribe.ts'
import { NotFound } from '../src/core/errors.ts'
import type { ExternalAccountId } from '../src/core/ids.ts'
import type { SubscribeAnswer } from '../src/ports/account-subscriptions.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from './support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from './support/database.ts'
import { onServer } from './support/template.ts'

const { signal } = new AbortController()

onEachProfile((profile) => {
  let db: TestDatabase
  let on: CoreOnDatabase
  /** By account: what the network answers next, and what it was told. */
  const answers = new Map<string, () => Promise<SubscribeAnswer>>()
  const told: string[] = []
  test.before(async () => {
    db = await testDatabase(profile)
    on = coreOn(db, {
      subscriptions: {
        async add({ account }) {
          told.push(`add ${account}`)
          return (await answers.get(account)?.()) ?? { status: 'subscribed' }
        },
        async remove({ account }) {
          told.push(`remove ${account}`)
          return { status: 'unsubscribed' }
        },
      },
    })
  })
  test.after.always(() => db.close())

  const toldOf = ({ account }: Inbox) => told.filter((one) => one.endsWith(account)).map((one) => one.split(' ')[0])
  const bind = ({ orgId, channelId, account }: Inbox, at = new Date()) =>
    on.unitOfWork.run(orgId, ({ bindings }) =>
      bindings.bind(
        {
          ...{ type: 'INSTAGRAM', account: account as ExternalAccountId, alias: null, grantedBy: null, channelId },
          ...{ tokenIssuedAt: at, tokenExpiresAt: null },
        },
        { moves: false, isSubscribed: false },
      ),
    )
  const jobs = <T>({ orgId }: Inbox, queue: string) =>
    onServer(db.admin, async (client) => {
      const { rows } = await client.query<{ job: string; ahead: number }>(
        `select convert_from(payload, 'UTF8') as job, extract(epoch from run_at - now())::float8 as ahead
         from jobs where org_id = $1 and queue = $2 order by id`,
        [orgId, queue],
      )
      return rows.map(({ job, ahead }) => ({ job: JSON.parse(job) as T, ahead }))
    })
  const waitsSince = async ({ orgId, channelId }: Inbox) =>
    (await on.queries.channel(orgId, channelId))?.health.subscribingSince ?? null
  const onlyJob = async (inbox: Inbox): Promise<SubscribeJob> => {
    const [only, ...others] = await jobs<SubscribeJob>(inbox, 'subscribe')
    if (!only || others.length > 0) throw new Error('not one job')
    return only.job
  }

  // proves: login.subscribe-again
  test(`${profile}: whoever dies after the binding leaves a job that subscribes, until it is so`, async (t) => {
    const inbox = await seedInbox(on.orm)
    await bind(inbox)
    t.not(await waitsSince(inbox), null)
    const [planned] = await jobs(inbox, 'subscribe')
    t.true((planned?.ahead ?? 0) > 10, 'the login that made the binding comes first')
    const job = await onlyJob(inbox)
    answers.set(inbox.account, async () => ({ status: 'failed', detail: 'not today' }))
    t.like(await on.core.subscribe(job, signal), { status: 'wait', reason: 'not today' })
    t.not(await waitsSince(inbox), null)
    answers.delete(inbox.account)
    t.deepEqual(await on.core.subscribe(job, signal), { status: 'done' })
    t.is(await waitsSince(inbox), null)
    t.deepEqual(await on.core.subscribe(job, signal), { status: 'done' })
    t.deepEqual(toldOf(inbox), ['add', 'add'], 'what is so is not asked for again')
  })

  test(`${profile}: a binding made anew has its own job, and the old one is over`, async (t) => {
    const inbox = await seedInbox(on.orm)
    await bind(inbox, new Date(Date.now() - 1_000))
    const old = await onlyJob(inbox)
    await bind(inbox)
    t.deepEqual(await on.core.subscribe(old, signal), { status: 'done' })
    t.deepEqual(toldOf(inbox), [])
    const [, second] = await jobs<SubscribeJob>(inbox, 'subscribe')
    t.deepEqual(await on.core.subscribe(second?.job as SubscribeJob, signal), { status: 'done' })
    t.is(await waitsSince(inbox), null)
  })

  test(`${profile}: only the binding that was subscribed is told of, and not one made during the call`, async (t) => {
    const inbox = await seedInbox(on.orm)
    const audits = () =>
      onServer(db.admin, async (client) => {
        const { rowCount } = await client.query(
          `select from audit_log where org_id = $1 and action = 'channel.subscribed'`,
          [inbox.orgId],
        )
        return rowCount
      })
    await bind(inbox, new Date(Date.now() - 1_000))
    const old = await onlyJob(inbox)
    answers.set(inbox.account, async () => {
      await bind(inbox)
      return { status: 'subscribed' }
    })
    t.deepEqual(await on.core.subscribe(old, signal), { status: 'done' })
    t.is(await audits(), 0)
    t.not(await waitsSince(inbox), null)
    answers.delete(inbox.account)
    const [, second] = await jobs<SubscribeJob>(inbox, 'subscribe')
    t.deepEqual(await on.core.subscribe(second?.job as SubscribeJob, signal), { status: 'done' })
    t.is(await audits(), 1)
  })

  test(`${profile}: one that waits gives way to the channel's end`, async (t) => {
    const inbox = await seedInbox(on.orm)
    await bind(inbox)
    const job = await onlyJob(inbox)
    await on.core.disconnectChannel(inbox.actor, inbox.channelId)
    t.deepEqual(await on.core.subscribe(job, signal), { status: 'done' })
    t.deepEqual(toldOf(inbox), [])
    const [planned] = await jobs(inbox, 'unsubscribe')
    t.true((planned?.ahead ?? 0) > 10, 'a call that is under way has ended by then')
  })

  test(`${profile}: a channel that goes while its account is being subscribed is unsubscribed after all`, async (t) => {
    const inbox = await seedInbox(on.orm)
    await bind(inbox)
    const job = await onlyJob(inbox)
    answers.set(inbox.account, async () => {
      await on.core.disconnectChannel(inbox.actor, inbox.channelId)
      for (const { job: end } of await jobs<UnsubscribeJob>(inbox, 'unsubscribe'))
        await on.core.unsubscribe(end, signal)
      return { status: 'subscribed' }
    })
    t.deepEqual(await on.core.subscribe(job, signal), { status: 'done' })
    for (const { job: end } of await jobs<UnsubscribeJob>(inbox, 'unsubscribe')) await on.core.unsubscribe(end, signal)
    t.deepEqual(toldOf(inbox), ['add', 'remove', 'remove'])
    await t.throwsAsync(on.core.disconnectChannel(inbox.actor, inbox.channelId), { instanceOf: NotFound })
  })
})

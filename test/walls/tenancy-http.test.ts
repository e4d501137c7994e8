import test, { type ExecutionContext } from 'ava'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { onEachProfile } from '../support/profiles.ts'
import { type Caller, comparable, createCaller, inParallel } from './tenancy/calls.ts'
import { type Case, casesOf, casesOfBoth, casesOfKey, ownCalls, swapsOf } from './tenancy/cases.ts'
import { rowsOf } from './tenancy/rows-of.ts'
import { openTwoShops, type Shop, type TwoShops } from './tenancy/two-shops.ts'
import { withCursors } from './tenancy/with-cursors.ts'

const contract = loadContract()
const swaps = swapsOf(contract)
const AT_ONCE = 12
/** Among all that the contract names, these by name, so that none of them goes by mistake. */
const PLANNED = ['notificationId', 'importId', 'attachmentId', 'rawEventId', 'deadLetterId', 'apiKeyId'] as const

onEachProfile((profile) => {
  let stage: ConnectStage
  let caller: Caller
  let two: TwoShops
  let mine: Shop
  let theirs: Shop

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    caller = createCaller(stage.url, AT_ONCE)
    const startedAt = performance.now()
    const { shops, ...further } = await openTwoShops(stage, caller)
    ;[mine, theirs] = [await withCursors(contract, caller, shops[0]), await withCursors(contract, caller, shops[1])]
    two = { shops: [mine, theirs], ...further }
    t.log(`two organizations in ${Math.round((performance.now() - startedAt) / 1000)} s`)
  })
  test.after.always(async (t) => {
    t.timeout(60_000)
    caller?.close()
    await stage?.close()
  })

  const allRows = async () => ({
    mine: await rowsOf(stage.db.admin, mine.orgId),
    theirs: await rowsOf(stage.db.admin, theirs.orgId),
    calls: stage.simulator.calls.length,
  })

  /** What went wrong, one line each: whatever is tried, all of it is. */
  async function refusals(cases: readonly Case[]): Promise<readonly string[]> {
    const wrong: string[] = []
    await inParallel(cases, AT_ONCE, async ({ title, expected, theirs, nobodys }) => {
      const [of, absent] = await Promise.all(
        [theirs, nobodys].map(({ method, path, asked }) => caller.call(method, path, asked)),
      )
      const body = JSON.parse(of!.text || 'null')
      const isExpected = of!.status === expected.status && (body?.code ?? null) === expected.code
      if (!isExpected) wrong.push(`${title}: ${of!.status} ${of!.text}`)
      else if (expected.code === null && body.data?.length !== 0) wrong.push(`${title}: it finds ${of!.text}`)
      const [told, expectedly] = [comparable(of!, theirs.ids), comparable(absent!, nobodys.ids)]
      if (told !== expectedly) wrong.push(`${title}: not as for nobody's:\n${told}\n${expectedly}`)
    })
    return wrong
  }

  test.serial(
    `S1, S2, S9, S12, S109: ${profile}: another organization's thing is not there, whichever operation, role and field names it, and nothing changes`,
    async (t) => {
      t.timeout(110_000)
      for (const thing of PLANNED)
        t.true(
          swaps.some(({ things }) => things.includes(thing)),
          thing,
        )
      const all = [...casesOf(swaps, mine, theirs), ...casesOf(swaps, theirs, mine), ...casesOfKey(swaps, mine, theirs)]
      // A tenth of the combinations where the database is the smaller one: each field by one role, in turn.
      const cases = profile === 'services' ? all : all.filter((_, at) => at % 4 === Math.floor(at / 4) % 4)
      const before = await allRows()
      const startedAt = performance.now()
      t.deepEqual(await refusals(cases), [])
      t.deepEqual(await allRows(), before)
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      const operations = new Set(swaps.map(({ operation }) => operation.operationId)).size
      t.log(`${cases.length} cases of ${operations} operations, ${swaps.length} places for an id, in ${seconds} s`)
    },
  )

  test.serial(`S19: ${profile}: who owns both finds the other's things only below the other's path`, async (t) => {
    const before = await allRows()
    const cases = casesOfBoth(swaps, two)
    t.deepEqual(await refusals(cases), [])
    t.deepEqual(await allRows(), before)
    for (const { orgId, ids } of [mine, theirs]) {
      const { status } = await caller.call('GET', `/orgs/${orgId}/tickets/${ids['ticketId']}`, {
        token: two.ownerOfBoth,
      })
      t.is(status, 200, 'switched by the path')
    }
    t.log(`${cases.length} cases`)
  })

  test.serial(
    `S109: ${profile}: a cursor that was cut or edited, or is of another list, is 400 in every list`,
    async (t) => {
      const lists = contract.operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'cursor'))
      t.true(lists.length >= 10)
      const cursorOf = ({ operationId }: { operationId: string }) => mine.ids[`${operationId}.cursor`] ?? ''
      for (const list of lists) {
        const path = list.template.replace(/\{(\w+)\}/g, (_, name: string) => mine.ids[name] ?? name)
        const ask = async (cursor: string) => {
          const query = new URLSearchParams({ limit: '1', cursor })
          const { status, text } = await caller.call('GET', `${path}?${query}`, { token: mine.tokens.OWNER })
          return `${status} ${JSON.parse(text).code ?? ''}`.trim()
        }
        const own = cursorOf(list)
        const [payload = '', seal = ''] = own.split('.')
        const [scope, key, id] = JSON.parse(Buffer.from(payload, 'base64url').toString())
        const edited = (value: unknown) => `${Buffer.from(JSON.stringify(value)).toString('base64url')}.${seal}`
        t.is(await ask(own), '200', list.operationId)
        for (const wrong of [
          own.slice(0, -1),
          own.slice(1),
          payload,
          `${payload}.`,
          `.${seal}`,
          `${own}.${seal}`,
          edited([scope, key, theirs.ids['customerId']]),
          edited([scope, null, id]),
          edited([scope, { $gt: '' }, id]),
          edited([scope, "' or 1=1; select pg_sleep(3) --", id]),
          edited({ __proto__: [scope, key, id] }),
          "' or 1=1 --",
          '0',
          '../../etc/passwd',
        ])
          t.is(await ask(wrong), '400 cursor-invalid', `${list.operationId}: ${wrong}`)
        for (const other of lists.filter((one) => one !== list))
          t.is(await ask(cursorOf(other)), '400 cursor-mismatch', `${list.operationId}: of ${other.operationId}`)
      }
    },
  )

  // Last: it changes what is there.
  test.serial(`${profile}: every one of these things is there for its own organization`, async (t) => {
    await eachIsThere(t, mine)
    await eachIsThere(t, theirs)
  })

  async function eachIsThere(t: ExecutionContext, shop: Shop) {
    for (const { operationId, method, path, asked } of ownCalls(contract, shop)) {
      const { status, text } = await caller.call(method, path, asked)
      t.true(status < 500 || status === 502, `${operationId}: ${status} ${text}`)
      t.not(status, 404, `${operationId}: ${text}`)
      t.not(status, 403, `${operationId}: ${text}`)
    }
  }
})

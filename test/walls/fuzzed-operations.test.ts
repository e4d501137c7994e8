import test from 'ava'
import * as fc from 'fast-check'
import { Client } from 'pg'
import { type ContractOperation, loadContract } from '../../src/adapters/http/contract.ts'
import { connectionConfig } from '../../src/adapters/persistence/connection.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { onEachProfile } from '../support/profiles.ts'
import { compose } from './fuzzing/compose.ts'
import { type Grounds, openGrounds } from './fuzzing/grounds.ts'
import { CANARY } from './fuzzing/hostile.ts'
import { type CallerName, endsSessions, type Fuzzed, isKey, requestsOf, takesKeys } from './fuzzing/requests.ts'
import { faultsOf } from './fuzzing/verdict.ts'
import { type Answered, type Caller, createCaller, inParallel } from './tenancy/calls.ts'
import { openTwoShops } from './tenancy/two-shops.ts'
import { withCursors } from './tenancy/with-cursors.ts'

/** `npm run fuzz -- --rest` is the long run, FUZZ_SEED repeats one, FUZZ_OPERATION tries one operation alone. */
const CALLS = Number(process.env['FUZZED_CALLS'] ?? 20_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const ONLY = process.env['FUZZ_OPERATION']
const AT_ONCE = 16
/** So many calls look for a smaller one that fails too. */
const SHRINKING = 200

const contract = loadContract()
const anything = contract.operation('getTicket')

/** Each hashes a password or ends a session, which then has to begin anew: a few calls find as much as thousands. */
const COSTLY = new Set(['signUp', 'logIn', 'confirmPassword', 'changePassword', 'logOut', 'acceptInvitation'])
const MOST_OF_COSTLY = 80
/** Answers that say no more than that something was wrong with the call. */
const REFUSED = new Set([400, 401, 404, 405, 413, 415, 429])
/**
 * What only refuses here, since what opens it serves once or is not ours: a signature of the platform's, the code of a deletion, the
 * token of an invitation or of a letter, a session of the same person. The suites of each of them open it.
 */
const SHUT = new Set([
  ...['receiveAppWebhook', 'verifyAppWebhook', 'verifyWebhook', 'getDataDeletion'],
  ...['showInvitation', 'acceptInvitation', 'confirmPasswordReset', 'revokeSession'],
])

const TAKES_ALL = new Set(['replayDeadLetters', 'replayRawEvents'])

/** So many more calls are made as the contract describes them until one is not refused: few are by whoever may, of what they may change. */
const MOST_AS_THEY_ARE = 400
const asDescribed = (caller: CallerName, given: Fuzzed): Fuzzed => ({ ...given, caller, spoils: [] })

type Tally = { calls: number; statuses: Map<number, number>; ofKeys: Map<number, number>; fault: string | null }

const isRefusal = (status: number): boolean => REFUSED.has(status)
const isUntried = (operationId: string, { statuses }: Tally): boolean =>
  !SHUT.has(operationId) && [...statuses.keys()].every(isRefusal)
/** There is one, and its owner comes first. */
const TAKEN_BEFORE = 'replayDeadLetter'
/** Of those that take a key no call with one came through. */
const isUntriedByKey = (operation: ContractOperation, { ofKeys }: Tally): boolean =>
  takesKeys(operation) &&
  operation.operationId !== TAKEN_BEFORE &&
  !SHUT.has(operation.operationId) &&
  [...ofKeys.keys()].every((status) => isRefusal(status) || status === 403)
const count = (statuses: Map<number, number>, status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1)

onEachProfile((profile) => {
  const calls = profile === 'services' ? CALLS : Math.ceil(CALLS / 10)
  let stage: ConnectStage
  let caller: Caller
  let grounds: Grounds
  let ears: Client
  const heard: unknown[] = []

  test.before(async (t) => {
    t.timeout(180_000)
    stage = await connectStage(profile, {
      ...{ PUBLIC_URL: 'https://inbox.example', SIGNUP_MODE: 'open' },
      ...{
        MAX_CHANNELS_PER_ORGANIZATION: '100000',
        MAX_MEMBERS_PER_ORGANIZATION: '100000',
        MAX_API_KEYS_PER_ORGANIZATION: '100000',
      },
    })
    caller = createCaller(stage.url, AT_ONCE)
    const { shops, people } = await openTwoShops(stage, caller)
    const mine = await withCursors(contract, caller, shops[0])
    grounds = await openGrounds(stage, caller, people, mine, shops[1])
    ears = new Client(connectionConfig(stage.db.admin, { applicationName: 'delightchat-tests' }))
    await ears.connect()
    ears.on('notification', (notification) => heard.push(notification.channel))
    await ears.query(`listen ${CANARY}`)
  })
  test.after.always(async (t) => {
    t.timeout(60_000)
    caller?.close()
    await ears?.end()
    await stage?.close()
  })

  async function call(
    operation: ContractOperation,
    given: Fuzzed,
  ): Promise<{ shown: string; answered: Answered; faults: readonly string[] }> {
    const ids = grounds.idsFor(operation.operationId, given.which, given.caller)
    const { method, path, headers, body, isElsewhere } = compose(operation, given, ids)
    const token = await grounds.tokenOf(given.caller, operation.operationId)
    const answered = await caller.call(method, path, { headers, ...(token && { token }), ...(body && { body }) })
    if (given.caller === 'passing' && answered.status < 300 && operation.method !== 'get') grounds.passed()
    const shown = `${method} ${path.slice(0, 400)} by ${given.caller} ${JSON.stringify(headers)}\n    ${body?.toString().slice(0, 600) ?? ''}`
    const faults = faultsOf(operation, anything, answered, isElsewhere)
    const isForPeople = operation.permission !== 'public' && !takesKeys(operation)
    if (isKey(given.caller) && isForPeople && answered.status < 400)
      return { shown, answered, faults: [...faults, 'it takes a key, and the contract says that it does not'] }
    return { shown, answered, faults }
  }

  /** As many calls as it is given, one after the other; the first that fails is made as small as it can be. */
  async function fuzzed(operation: ContractOperation, numRuns: number): Promise<Tally> {
    const tally: Tally = { calls: 0, statuses: new Map(), ofKeys: new Map(), fault: null }
    let since = 0
    const property = (requests: fc.Arbitrary<Fuzzed>) =>
      fc.asyncProperty(requests, async (given) => {
        if (since > 0 && ++since > SHRINKING) return
        tally.calls++
        const { shown, answered, faults } = await call(operation, given)
        count(tally.statuses, answered.status)
        if (isKey(given.caller)) count(tally.ofKeys, answered.status)
        if (faults.length === 0) return
        since ||= 1
        throw new Error(`${faults.join('\n  ')}\n    ${shown}`)
      })
    const requests = requestsOf(contract, operation, grounds.known)
    let details = await fc.check(property(requests), { numRuns, seed: SEED })
    // Few calls may all have been spoilt.
    const until = async (caller: CallerName, isTried: () => boolean) => {
      for (let more = 0; more < MOST_AS_THEY_ARE && !details.failed && !isTried(); more++)
        details = await fc.check(property(requests.map((given) => asDescribed(caller, given))), {
          numRuns: 1,
          seed: SEED + more,
        })
    }
    await until(endsSessions(operation) ? 'passing' : 'OWNER', () => !isUntried(operation.operationId, tally))
    await until('key', () => !isUntriedByKey(operation, tally))
    const { failed, errorInstance, counterexamplePath } = details
    if (failed) {
      const how = `FUZZ_SEED=${SEED} FUZZ_OPERATION=${operation.operationId} (${counterexamplePath})`
      tally.fault = `${operation.operationId}: ${(errorInstance as Error).message}\n    ${how}`
    }
    return tally
  }

  test.serial(
    `S92, S93, S94, S95, S96, S97, S99, S100: ${profile}: whatever an operation is called with, it answers by the contract`,
    async (t) => {
      t.timeout(600_000 + calls * 50)
      const all = contract.operations.filter(({ operationId }) => ONLY === undefined || operationId === ONLY)
      const cheap = all.filter(({ operationId }) => !COSTLY.has(operationId))
      const ofCostly = Math.min(MOST_OF_COSTLY, Math.ceil(calls / all.length))
      const left = calls - (all.length - cheap.length) * ofCostly
      const each = Math.ceil(left / Math.max(1, cheap.length))
      const tallies = new Map<string, Tally>()
      const startedAt = performance.now()
      const before = stage.log.lines.length
      // What takes all there are of a thing comes last, after what takes one of them.
      const ordered = all.toSorted(
        (a, b) => Number(TAKES_ALL.has(a.operationId)) - Number(TAKES_ALL.has(b.operationId)),
      )
      const passing = ordered.filter(endsSessions)
      const others = ordered.filter((operation) => !endsSessions(operation))
      const run = async (operation: ContractOperation) => {
        const { operationId } = operation
        tallies.set(operationId, await fuzzed(operation, COSTLY.has(operationId) ? ofCostly : each))
      }
      await Promise.all([inParallel(passing, 1, run), inParallel(others, AT_ONCE - 1, run)])
      const seconds = Math.round((performance.now() - startedAt) / 1000)

      const found = [...tallies]
      t.deepEqual(
        found.flatMap(([, { fault }]) => fault ?? []),
        [],
        `seed ${SEED}`,
      )
      const bugs = stage.log.lines.slice(before).filter(({ level }) => level === 'error')
      t.deepEqual(bugs.slice(0, 3), [], `seed ${SEED}`)
      t.deepEqual(heard, [], `the database ran a text; seed ${SEED}`)
      t.false('polluted' in {}, 'an object has what a body gave all of them')

      // What only ever refuses has not been tried.
      const untried = found.filter(([id, tally]) => isUntried(id, tally))
      t.deepEqual(
        untried.map(
          ([id, { calls, statuses }]) => `${id}, ${calls} calls: ${[...statuses].map((one) => one.join(' × '))}`,
        ),
        [],
        `the generator cannot fill them; seed ${SEED}`,
      )

      const byName = new Map(all.map((operation) => [operation.operationId, operation]))
      const untriedByKey = found.filter(([id, tally]) => isUntriedByKey(byName.get(id)!, tally))
      t.deepEqual(
        untriedByKey.map(([id, { ofKeys }]) => `${id} with a key: ${[...ofKeys].map((one) => one.join(' × '))}`),
        [],
        `no program came through; seed ${SEED}`,
      )

      const totals = new Map<number, number>()
      for (const [, { statuses }] of found)
        for (const [status, count] of statuses) totals.set(status, (totals.get(status) ?? 0) + count)
      const made = found.reduce((sum, [, tally]) => sum + tally.calls, 0)
      if (ONLY === undefined) t.true(made >= calls, `${made} calls`)
      const shown = [...totals].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
      const byKeys = found.flatMap(([, { ofKeys }]) => [...ofKeys.values()]).reduce((sum, one) => sum + one, 0)
      t.log(`${byKeys} calls with API keys, of ${all.filter(takesKeys).length} operations that take one`)
      t.log(`${made} calls of ${found.length} operations in ${seconds} s (${shown.join(', ')}); seed ${SEED}`)
    },
  )
})

import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import * as fc from 'fast-check'
import { ACCOUNT, fixture, fixtureNames } from '../adapters/instagram/fixtures.ts'
import { mutate, mutation } from '../adapters/instagram/mutations.ts'
import { type InboxClient, signUp } from '../support/inbox-client.ts'
import { mainProcess } from '../support/main-process.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'
import { profileSettings } from '../support/profile-settings.ts'
import { onEachProfile } from '../support/profiles.ts'
import { dataFolder } from '../support/program.ts'

/** `npm run fuzz` is the long run, FUZZ_SEED repeats one. */
const BODIES = Number(process.env['FUZZED_BODIES'] ?? 5_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const AT_ONCE = 8
const PEOPLE = 20
/** So many bodies are made at a time: all of a long run would not fit into memory. */
const BLOCK = 1_000
/** As many bytes as a webhook takes. */
const MOST_BYTES = 3 * 1024 * 1024
const LARGE = 3

const bodies = fixtureNames.map((name) => JSON.parse(fixture(name).toString()) as unknown)

type Hostile = Readonly<{ body: unknown; isBare: boolean; cutAt: number | null }>

/** A body to which something was done, in a list or by itself, or one that was cut somewhere: no JSON any more. */
const hostile: fc.Arbitrary<Hostile> = fc.record({
  body: fc
    .tuple(fc.constantFrom(...bodies), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([body, changes]) => mutate(body, changes) ?? null),
  isBare: fc.boolean(),
  cutAt: fc.oneof({ weight: 30, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat({ max: 200 }) }),
})

const neighbour = (index: number) => ({
  id: ACCOUNT,
  time: Date.now(),
  messaging: [
    {
      sender: { id: `33000000000000${String(index % PEOPLE).padStart(2, '0')}` },
      recipient: { id: ACCOUNT },
      timestamp: Date.now(),
      message: { mid: `neighbour-${index}`, text: `and I am still here, ${index}` },
    },
  ],
})

function* hostiles(count: number): Generator<readonly [number, Hostile]> {
  for (let made = 0; made < count; made += BLOCK) {
    const numRuns = Math.min(BLOCK, count - made)
    for (const [index, sample] of fc.sample(hostile, { numRuns, seed: SEED + made }).entries())
      yield [made + index, sample]
  }
}

type Sent = Readonly<{ bytes: Buffer; hasNeighbour: boolean }>

/**
 * In a list with a good one, as a platform that wraps bodies would send both. One that stands by itself has its neighbour as a
 * further entry, if it still is a body of entries at all.
 */
function delivery(index: number, { body, isBare, cutAt }: Hostile): Sent {
  const good = { object: 'instagram', entry: [neighbour(index)] }
  const json = (value: unknown) => Buffer.from(JSON.stringify(value)).subarray(0, cutAt ?? undefined)
  if (!isBare) return { bytes: json(index % 2 === 0 ? [body, good] : [good, body]), hasNeighbour: cutAt === null }
  if (!takesEntries(body)) return { bytes: json(body), hasNeighbour: false }
  return { bytes: json({ ...body, entry: [...body.entry, neighbour(index)] }), hasNeighbour: cutAt === null }
}

function takesEntries(body: unknown): body is { object: string; entry: readonly unknown[] } {
  const { object, entry } = (body ?? {}) as { object?: unknown; entry?: unknown }
  return object === 'instagram' && Array.isArray(entry)
}

/** Exactly as large as is taken, by a member that nobody knows. */
function large(index: number): Sent {
  const body = (padding: string) => JSON.stringify({ object: 'instagram', entry: [{ ...neighbour(index), padding }] })
  const bytes = Buffer.from(body('x'.repeat(MOST_BYTES - body('').length)))
  return { bytes, hasNeighbour: true }
}

const neighboursIn = async (client: InboxClient): Promise<readonly string[]> => {
  const tickets = await client.tickets()
  const messages = (await Promise.all(tickets.map(({ id }) => client.messages(id)))).flat()
  return messages.flatMap(({ externalId, content }) =>
    externalId?.startsWith('neighbour-') && content === `and I am still here, ${externalId.slice(10)}`
      ? [externalId]
      : [],
  )
}

onEachProfile((profile) => {
  const count = profile === 'services' ? BODIES : Math.ceil(BODIES / 10)

  // proves: envelope.mutated
  test.serial(`${profile}: whatever a signed body holds it is taken, and its neighbours are stored`, async (t) => {
    t.timeout(3_600_000 + count * 100)
    const dataDir = await dataFolder(t, 'fuzzed')
    const main = await mainProcess(dataDir, {
      ...(await profileSettings(t, profile, 'fuzzed')),
      // Nobody is at the other end: profiles cannot be looked up, which changes nothing else.
      INSTAGRAM_GRAPH_URL: 'http://127.0.0.1:9',
      LOG_LEVEL: 'error',
    })
    const program = main.start()
    await main.ready(program)
    const client = await signUp(main.url)
    const appSecret = planted('app-secret')
    const made = await client.call<{ id: string }>('POST', '/channels', {
      type: 'INSTAGRAM',
      name: 'Fuzzed',
      config: { pageId: ACCOUNT, accessToken: planted('access-token'), appSecret, webhookVerifyToken: 'verify' },
    })
    t.is(made.status, 201)

    const statuses = new Map<number, number>()
    const neighbours = new Set<string>()
    const bare = { alone: 0, inAll: 0 }
    const samples = hostiles(count)
    const everyLarge = Math.ceil(count / LARGE)
    const startedAt = performance.now()
    const post = async () => {
      for (const [index, sample] of samples) {
        const isLarge = index % everyLarge === 0
        const { bytes, hasNeighbour } = isLarge ? large(index) : delivery(index, sample)
        const signature = createHmac('sha256', appSecret).update(bytes).digest('hex')
        const { status } = await fetch(`${main.url}/webhook/${made.body.id}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
          body: bytes,
        })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (hasNeighbour) neighbours.add(`neighbour-${index}`)
        if (!isLarge && sample.isBare) bare.inAll++
        if (!isLarge && sample.isBare && !hasNeighbour) bare.alone++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, post))
    t.deepEqual([...statuses], [[200, count]], `seed ${SEED}`)

    const seconds = Math.round((performance.now() - startedAt) / 1000)

    // Reading a large inbox takes the program's time, too.
    const allThere = async () => {
      await sleep(count / 5)
      return (await neighboursIn(client)).length >= neighbours.size
    }
    await waitFor(allThere, 120_000 + count * 20).catch(() => null)
    const found = new Set(await neighboursIn(client))
    // A long run has too many of them to show all.
    t.deepEqual([...neighbours.difference(found)].slice(0, 20), [], `lost; seed ${SEED}`)
    t.deepEqual([...found.difference(neighbours)].slice(0, 20), [], `made up; seed ${SEED}`)
    t.true(bare.inAll > 0)
    t.log(
      `${count} bodies taken in ${seconds} s, ${bare.inAll} of them by themselves (${bare.alone} without a neighbour), ` +
        `${LARGE} of ${MOST_BYTES} bytes; ${found.size} neighbours stored; seed ${SEED}`,
    )
    const output = program.output()
    t.deepEqual(await program.end(), { code: 0, signal: null })
    // An unhandled rejection would have ended it; a fault of the store is written as an error. A look-up that nobody answered
    // for minutes is given up, and says so: that is as it should be in a long run.
    const isGivenUpLookUp = (line: string) =>
      /"queue":"[a-z]+-lookup","reason":"[^"]*","msg":"a job is dead"/.test(line)
    t.deepEqual(
      output.split('\n').filter((line) => line !== '' && !isGivenUpLookUp(line)),
      [],
    )
  })
})

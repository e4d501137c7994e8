import { createHmac } from 'node:crypto'
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

/** FUZZED_BODIES=100000 is the long run, FUZZ_SEED repeats one. */
const BODIES = Number(process.env['FUZZED_BODIES'] ?? 5_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const AT_ONCE = 8
const PEOPLE = 20

const bodies = fixtureNames.map((name) => JSON.parse(fixture(name).toString()) as unknown)

type Hostile = Readonly<{ body: unknown; cutAt: number | null }>

/** A body to which something was done, or one that was cut somewhere: no JSON any more. */
const hostile: fc.Arbitrary<Hostile> = fc.record({
  body: fc
    .tuple(fc.constantFrom(...bodies), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([body, changes]) => mutate(body, changes) ?? null),
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

/** The hostile body in a list with a good one, as a platform that wraps bodies would send both. */
function delivery(index: number, { body, cutAt }: Hostile): { bytes: Buffer; isWhole: boolean } {
  const good = { object: 'instagram', entry: [neighbour(index)] }
  const bytes = Buffer.from(JSON.stringify(index % 2 === 0 ? [body, good] : [good, body]))
  return cutAt === null ? { bytes, isWhole: true } : { bytes: bytes.subarray(0, cutAt), isWhole: false }
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
    t.timeout(3_600_000)
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
    const whole: string[] = []
    const samples = fc.sample(hostile, { numRuns: count, seed: SEED }).entries()
    const post = async () => {
      for (const [index, sample] of samples) {
        const { bytes, isWhole } = delivery(index, sample)
        const signature = createHmac('sha256', appSecret).update(bytes).digest('hex')
        const { status } = await fetch(`${main.url}/webhook/${made.body.id}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
          body: bytes,
        })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (isWhole) whole.push(`neighbour-${index}`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, post))
    t.deepEqual([...statuses], [[200, count]], `seed ${SEED}`)

    await waitFor(async () => (await neighboursIn(client)).length >= whole.length, 120_000).catch(() => null)
    t.deepEqual([...(await neighboursIn(client))].sort(), whole.sort(), `seed ${SEED}`)
    t.log(`${count} bodies, ${count - whole.length} of them cut, all taken; seed ${SEED}`)
    const output = program.output()
    t.deepEqual(await program.end(), { code: 0, signal: null })
    // An unhandled rejection would have ended it; a fault of the store is written as an error.
    t.is(output, '')
  })
})

import test from 'ava'
import { failAtPlace } from './break-process.ts'
import type { End, Fleet, Life, Member } from './fleet.ts'

const FAULT = {
  kind: 'failpoint',
  role: 'outbound',
  index: 0,
  place: { name: 'network.calling', either: true },
  mode: 'kill',
  nth: 1,
} as const
const ARMED = 'network.calling:kill@1'

/** Two processes of which the second, once told to fail there, is killed, if anybody comes by. */
function aFleet(isReached: boolean) {
  const ends: End[] = []
  const begun: [string, string | undefined][] = []
  const member = (name: string, comesBy: boolean) =>
    ({
      name,
      role: 'outbound',
      process: () => ({ output: () => '' }),
      async restart(_: string, ...[life]: readonly Life[]) {
        begun.push([name, life?.failpoints])
        const exit = { code: null, signal: 'SIGKILL' } as const
        if (comesBy && life?.failpoints)
          ends.push({ name, failpoints: life.failpoints, exit, isAccident: false, lastWords: '' })
        return exit
      },
    }) as unknown as Member
  const members = [member('outbound 1', false), member('outbound 2', isReached)]
  return { begun, fleet: { members, of: () => members, ends } as unknown as Fleet }
}

test('whichever process of the role comes by, the other one is told no longer to fail there', async (t) => {
  const { begun, fleet } = aFleet(true)
  t.regex((await failAtPlace(fleet, FAULT, async () => {})) ?? '', /^reached after/)
  t.deepEqual(begun, [
    ['outbound 1', ARMED],
    ['outbound 2', ARMED],
    ['outbound 1', undefined],
  ])
})

test('a place that nobody comes by is no fault that was survived', async (t) => {
  const { begun, fleet } = aFleet(false)
  await t.throwsAsync(
    failAtPlace(fleet, FAULT, async () => {}, { withinMs: 100 }),
    { message: /^Nobody came by/ },
  )
  t.deepEqual(begun.slice(2), [
    ['outbound 1', undefined],
    ['outbound 2', undefined],
  ])
})

test('where something has to fail before, and did so for nothing, the process begins anew', async (t) => {
  const after = 'batch.handling:throw@1'
  const { begun, fleet } = aFleet(true)
  const [first, second] = fleet.members as readonly [Member, Member]
  let lives = 0
  const late = {
    ...second,
    restart: (...given: Parameters<Member['restart']>) => (++lives < 3 ? first : second).restart(...given),
  } as Member
  const fault = { ...FAULT, place: { name: 'network.calling', after } } as const
  const alone = { ...fleet, of: () => [late] } as unknown as Fleet
  t.regex((await failAtPlace(alone, fault, async () => {}, { withinMs: 1_000, anewMs: 50 })) ?? '', /^reached after/)
  t.deepEqual(
    begun.map(([, failpoints]) => failpoints),
    Array(3).fill(`${after},${ARMED}`),
  )
})

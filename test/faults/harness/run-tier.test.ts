import test from 'ava'
import { linesOf, main } from './run-tier.ts'
import type { TierResult } from './tier.ts'

test('what it does not know is not run', async (t) => {
  for (const args of [['--tier', 'weekly'], ['--seed', 'x'], ['--profile', 'both'], ['--teir', 'ci'], ['nightly']])
    t.is(await main(args), 64, args.join(' '))
})

test('the last line is the checker’s numbers and the seed; what is broken comes first', (t) => {
  const verdict = { attempted: 2, lost: 1, unknownSurfacedLate: 0, violations: [] } as unknown as TierResult['verdict']
  const lines = linesOf(
    {
      faults: [],
      verdict,
      down: [
        { server: 'redis', webhooks: 4, at200: 3, p99Ms: 12.3 },
        { server: 'rabbit', webhooks: 0, at200: 0, p99Ms: 0 },
      ],
      doubts: { all: 3, told: 2, open: 1, untold: 0 },
      replies: 9,
      drainedMs: 1_234,
      tookMs: 61_000,
      broken: ['I1 lost: mid-1 was acknowledged and is not there'],
      slow: ['it took long'],
    },
    7,
  )
  t.deepEqual(lines, [
    '',
    'Broken:',
    '  I1 lost: mid-1 was acknowledged and is not there',
    '  it took long',
    '',
    'Redis down: 3 of 4 webhooks answered 200 at once, p99 12 ms',
    '9 replies; in doubt 3, of these told of 2, still open 1, told too late 0',
    '0 faults, drained within 1.2 s, 61.0 s in all, 2 promises broken',
    'attempted 2, lost 1, unknownSurfacedLate 0, seed 7',
  ])
})

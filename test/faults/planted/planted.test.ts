import test from 'ava'
import { needs } from '../../adapters/messaging/needs.ts'
import { brokenIn, countsOf } from '../harness/checker.ts'
import { BUGS, type BugName } from './bugs.ts'
import { FAULTS } from './faults.ts'
import { patched } from './plant.ts'
import { smallRun } from './small-run.ts'

const SEED = Number(process.env['FAULTS_SEED'] ?? 1)
const NAMES = Object.keys(BUGS) as BugName[]

test('a patch that no longer fits the code is no bug, and is told', (t) => {
  const patch = { file: 'a.ts', find: 'true', put: 'false' }
  t.is(patched(patch, 'const a = true'), 'const a = false')
  t.throws(() => patched(patch, 'const a = 1'), { message: /a\.ts has 0 times/ })
  t.throws(() => patched(patch, 'true && true'), { message: /a\.ts has 2 times/ })
})

if (needs(test, 'the planted bugs', ['TEST_DATABASE_URL', 'TEST_RABBITMQ_URL'])) {
  test.serial('the program as it is stands all five faults', async (t) => {
    t.timeout(600_000)
    const run = await smallRun(t, SEED)
    for (const name of run.shuffled(NAMES)) {
      await FAULTS[name](run)
      await run.talk()
      await run.allStored()
    }
    const verdict = await run.verdict()
    t.log(countsOf(verdict, SEED))
    t.deepEqual(brokenIn(verdict), [])
  })

  for (const name of NAMES) {
    const { kind } = BUGS[name]
    test.serial(`${name}: the checker finds it ${kind}`, async (t) => {
      t.timeout(600_000)
      const run = await smallRun(t, SEED, name)
      await FAULTS[name](run)
      await run.talk()
      const verdict = await run.verdict()
      t.log(countsOf(verdict, SEED))
      t.deepEqual(
        [...new Set(verdict.violations.map((violation) => violation.kind))],
        [kind],
        brokenIn(verdict).join('\n'),
      )
    })
  }
}

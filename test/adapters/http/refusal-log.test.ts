import test from 'ava'
import { createRefusalLog } from '../../../src/adapters/http/refusal-log.ts'
import { RecordingLog } from '../../fakes/recording-log.ts'

test('S49: a cause has a line a minute, which says how many came since the last one', (t) => {
  const log = new RecordingLog()
  let nowMs = 1_000
  const tell = createRefusalLog(log, () => nowMs)
  for (let count = 0; count < 500; count++) tell('bad-signature of a', { count })
  tell('bad-signature of b', { other: true })
  nowMs += 59_999
  tell('bad-signature of a', {})
  nowMs += 1
  tell('bad-signature of a', { requestId: 'later' })
  t.deepEqual(
    log.lines.map(({ fields }) => fields),
    [{ count: 0 }, { other: true }, { requestId: 'later', untold: 500 }],
  )
})

test('S49: causes without number take no memory without bound, and each is told', (t) => {
  const log = new RecordingLog()
  const tell = createRefusalLog(log, () => 0)
  for (let count = 0; count < 10_001; count++) tell(`cause ${count}`, {})
  tell('cause 0', {})
  t.is(log.lines.length, 10_002, 'what was forgotten is told anew')
  tell('cause 10000', {})
  t.is(log.lines.length, 10_002)
})

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { describeError } from '../../../src/adapters/logging/pino-logger.ts'

test('what a database quotes of a row stays out of the log', (t) => {
  const error = Object.assign(new Error('new row violates check constraint'), {
    code: '23514',
    constraint: 'messages_kind_check',
    detail: 'Failing row contains (…, my order number is 1234).',
    where: 'JSON data, line 1: my order number is 1234',
  })
  const described = JSON.stringify(describeError(new Error('a batch failed', { cause: error })))
  t.true(described.includes('23514'))
  t.true(described.includes('messages_kind_check'))
  t.false(described.includes('1234)'))
  t.false(described.includes('my order number'))
})

test('what is thrown need not be an error', (t) => {
  t.deepEqual(describeError('just text'), { type: 'string', message: 'just text' })
})

test('S102: whatever line ends are in what is logged, an entry is one line, and its own', async (t) => {
  const ends = ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\f', '\u001b[2K', '\0']
  const forged = '{"level":"error","msg":"forged"}'
  const texts = ends.map((end) => `a name${end}${forged}`)
  const script = `
    const { createPinoLogger } = await import(${JSON.stringify(new URL('../../../src/adapters/logging/pino-logger.ts', import.meta.url).href)})
    const log = createPinoLogger('info')
    for (const text of ${JSON.stringify(texts)}) {
      log.info({ name: text, [text]: 1, deep: { list: [text] } }, 'told')
      log.child({ requestId: text }).warn({ err: new Error(text, { cause: new Error(text) }) }, text)
    }`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  const lines = stdout.split(/\r\n|[\n\r\v\f]/)
  t.is(lines.pop(), '')
  t.false(stdout.includes('\u001b') || stdout.includes('\0'))
  t.is(lines.length, texts.length * 2)
  for (const [at, text] of texts.entries()) {
    const [told, warned] = lines.slice(at * 2, at * 2 + 2).map((line) => JSON.parse(line))
    t.like(told, { level: 'info', msg: 'told', name: text, [text]: 1, deep: { list: [text] } })
    t.like(warned, { level: 'warn', msg: text, requestId: text, err: { message: text, cause: { message: text } } })
  }
})

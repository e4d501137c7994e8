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

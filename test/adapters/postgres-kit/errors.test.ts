import test from 'ava'
import { isTransient } from '../../../src/adapters/messaging/failure.ts'
import {
  isConnectionError,
  isDataError,
  isRetryable,
  isUnavailable,
  isUniqueViolation,
} from '../../../src/adapters/postgres-kit/errors.ts'
import { Unavailable } from '../../../src/core/errors.ts'

type Means = 'data' | 'again' | 'connection' | 'busy' | 'bug'

const failure = (code: string | null, message = 'no', more: object = {}) =>
  Object.assign(new Error(message), code === null ? {} : { code }, more)

const table: readonly (readonly [what: string, error: Error, means: Means])[] = [
  ['a value that does not fit', failure('22P02'), 'data'],
  ['a value that speaks of trouble', failure('22P02', 'invalid input syntax: "Connection terminated"'), 'data'],
  ['a check', failure('23514'), 'data'],
  ['a NUL in a text', failure('08P01', 'invalid message format'), 'data'],
  ['a pooler that cannot log in', failure('08P01', 'server login failed: FATAL no such user'), 'connection'],
  ['a pooler whose clients wait too long', failure('08P01', 'query_wait_timeout'), 'connection'],
  ['a connection that broke', failure('08006'), 'connection'],
  ['a server that ends', failure('57P01'), 'connection'],
  ['a server that starts', failure('57P03'), 'connection'],
  ['a database that is being dropped', failure('57P04'), 'connection'],
  ['too many connections', failure('53300'), 'connection'],
  ['a transaction that idled too long', failure('25P03'), 'connection'],
  ['a server that became a replica', failure('25006'), 'connection'],
  ['nobody at the port', failure('ECONNREFUSED'), 'connection'],
  ['a name that cannot be looked up', failure('ENOTFOUND'), 'connection'],
  ['no socket', failure('ENOENT', 'connect ENOENT', { syscall: 'connect' }), 'connection'],
  ['what pg says without a code', failure(null, 'Connection terminated unexpectedly'), 'connection'],
  ['a pool that gave up', failure(null, 'timeout exceeded when trying to connect'), 'connection'],
  ['a statement that took too long', failure('57014'), 'busy'],
  ['a lock that was not given', failure('55P03'), 'busy'],
  ['a full disk', failure('53100'), 'busy'],
  ['a deadlock', failure('40P01'), 'again'],
  ['a serialization failure', failure('40001'), 'again'],
  ['a statement that cannot be read', failure('42601'), 'bug'],
  ['a statement that speaks of trouble', failure('42703', 'column "connection ended" does not exist'), 'bug'],
  ['a broken pipe', failure('EPIPE'), 'connection'],
  ['a right that is missing', failure('42501'), 'bug'],
  ['another file that is missing', failure('ENOENT', 'no such file', { syscall: 'open' }), 'bug'],
  ['a bug', new TypeError('x is undefined'), 'bug'],
]

for (const [what, error, means] of table) {
  test(`${what}: ${means}, also as the cause of another error`, (t) => {
    const wrapped = new Error('the ORM says', { cause: new Error('the pool says', { cause: error }) })
    for (const one of [error, wrapped]) {
      t.is(isDataError(one), means === 'data')
      t.is(isRetryable(one), means === 'again')
      t.is(isConnectionError(one), means === 'connection')
      t.is(isUnavailable(one), means === 'connection' || means === 'busy')
      // What a queue makes of it: the same, with what may be run again.
      t.is(isTransient(one), means === 'connection' || means === 'busy' || means === 'again')
    }
  })
}

test('what another adapter found to be away is transient', (t) => {
  t.true(isTransient(new Unavailable('away')))
  t.true(isTransient(new Error('a job failed', { cause: new Unavailable('away') })))
})

test('a unique violation is known by its constraint', (t) => {
  const twice = new Error('insert', { cause: failure('23505', 'duplicate key', { constraint: 'users_email' }) })
  t.true(isUniqueViolation(twice))
  t.true(isUniqueViolation(twice, 'users_email'))
  t.false(isUniqueViolation(twice, 'another'))
  t.false(isUniqueViolation(failure('23514')))
})

test('an error that is its own cause has an end', (t) => {
  const error = failure(null, 'round')
  error.cause = error
  t.false(isUnavailable(error))
  t.false(isTransient(error))
})

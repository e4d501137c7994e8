import test from 'ava'
import type { Request, Response } from 'express'
import { RequestError } from '../../../src/adapters/http/request-error.ts'
import type { RequestFacts } from '../../../src/adapters/http/request-log.ts'
import { createSecurityLog } from '../../../src/adapters/http/security-log.ts'
import { marked, refusalOf } from '../../../src/adapters/http/security-refusals.ts'
import { DomainError, NotFound } from '../../../src/core/errors.ts'
import { RecordingLog } from '../../fakes/recording-log.ts'

function stage() {
  const log = new RecordingLog()
  const time = { ms: 1_000 }
  const security = createSecurityLog({ log, secret: 'a-secret-of-sessions', nowMs: () => time.ms })
  const asked = (ip: string, facts: Partial<RequestFacts> = {}) => ({
    req: { ip } as Request,
    res: { locals: { facts: { requestId: 'a-request', route: '/r', ...facts } } } as unknown as Response,
  })
  return { log, time, security, asked }
}

test('what was done has a line each, what is refused one a minute for who, where and why, with how many came since', (t) => {
  const { log, time, security, asked } = stage()
  const [ann, ben] = ['ann', 'ben'].map((userId) => asked('192.0.2.1', { userId, operationId: 'listTickets' }))
  for (let count = 0; count < 3; count++) security.done('sign-out', ann!)
  t.is(log.lines.length, 3)
  for (let count = 0; count < 500; count++) security.refused('permission.refused', ann!)
  security.refused('permission.refused', ben!)
  security.refused('permission.refused', ann!, { reason: 'another' })
  t.is(log.lines.length, 6)
  time.ms += 60_000
  security.refused('permission.refused', ann!)
  t.is(log.lines.length, 7)
  t.is(log.lines.at(-1)?.fields['untold'], 499)
  t.deepEqual(
    log.lines.map(({ level }) => level),
    ['info', 'info', 'info', 'warn', 'warn', 'warn', 'warn'],
  )
})

test('S49: a crowd of networks has no line each: beyond two hundred in a minute those of one event have one in common', (t) => {
  const { log, time, security, asked } = stage()
  const from = (index: number) => asked(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`)
  for (let index = 0; index < 5_000; index++) security.refused('session.refused', from(index))
  t.is(log.lines.length, 201)
  // Somebody who is signed in is told of all the same.
  security.refused('permission.refused', asked('10.0.0.1', { userId: 'ann' }))
  t.is(log.lines.length, 202)
  security.refused('sign-in.failed', asked('10.0.0.1'))
  t.is(log.lines.length, 203, 'a flood of one event hides no other')
  time.ms += 60_000
  for (let index = 5_000; index < 5_300; index++) security.refused('session.refused', from(index))
  t.is(log.lines.length, 203 + 201)
  t.is(log.lines.at(-1)?.fields['untold'], 4_799, 'those that had none')
})

test('a network is an IPv4 address, or the /64 of an IPv6 one', (t) => {
  const { log, security, asked } = stage()
  for (const ip of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:1:2:3:4:5:6']) security.done('sign-out', asked(ip))
  t.deepEqual(
    log.lines.map(({ fields }) => fields['network']),
    ['192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64'],
  )
})

test('the name of an address is the same for each spelling, another with another secret, and not to be tried without it', (t) => {
  const { security } = stage()
  const name = security.hashOf('Ann@Example.com ')
  t.regex(name, /^[0-9a-f]{16}$/)
  t.is(security.hashOf('ann@example.com'), name)
  t.not(security.hashOf('ben@example.com'), name)
  const other = createSecurityLog({ log: new RecordingLog(), secret: 'another secret' })
  t.not(other.hashOf('ann@example.com'), name)
})

test('what a refusal is follows from its code, unless it says so itself; rules of the product are no matter of security', (t) => {
  const facts = { requestId: 'r', route: '/r' }
  const key = { ...facts, apiKeyId: 'a-key' }
  const eventOf = (error: unknown, of: RequestFacts = facts) => refusalOf(error, of)?.event ?? null
  t.is(eventOf(new RequestError('csrf-rejected', 'no')), 'origin.refused')
  t.is(eventOf(new RequestError('rate-limited', 'no')), 'limit.reached')
  t.is(eventOf(new RequestError('malformed-json', 'no')), 'input.refused')
  t.is(eventOf(new URIError('no')), 'input.refused')
  t.is(eventOf(new RequestError('forbidden', 'no')), 'permission.refused')
  t.deepEqual(refusalOf(new RequestError('forbidden', 'no'), key), {
    event: 'api-key.refused',
    fields: { reason: 'channel' },
  })
  t.is(eventOf(marked(new NotFound('organization'), 'organization.refused')), 'organization.refused')
  for (const error of [
    new NotFound('ticket'),
    new DomainError('messaging-window-closed', 'no'),
    new Error('a bug'),
    null,
  ])
    t.is(eventOf(error), null)
})

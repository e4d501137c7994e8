import test from 'ava'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { EXPECTED } from './expected-events.ts'
import { ACCOUNT, eventsOf, fixture, fixtureNames, parseOptions } from './fixtures.ts'

const parse = (name: string) => instagramParser.parse(fixture(name), parseOptions())

test('every fixture has an expectation, and every expectation a fixture', (t) => {
  t.deepEqual([...fixtureNames].sort(), Object.keys(EXPECTED).sort())
})

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`${name} becomes exactly its events`, (t) => {
    t.deepEqual(eventsOf(parse(name)), expected as readonly InboundEvent[])
  })
}

test('any of the numbers that a story has makes them story insights, never a mention', (t) => {
  for (const metric of ['impressions', 'reach', 'views', 'replies', 'exits', 'taps_forward', 'taps_back']) {
    const changes = [{ field: 'story_insights', value: { media_id: '18077000000000003', [metric]: 3 } }]
    const body = { object: 'instagram', entry: [{ id: ACCOUNT, time: 1_789_000_100, changes }] }
    const events = eventsOf(instagramParser.parse(Buffer.from(JSON.stringify(body)), parseOptions()))
    t.like(events[0], { type: 'unhandled', known: true, reason: 'story-insights' }, metric)
  }
})

test('a comment whose author is only known to be the account itself is its own', (t) => {
  const told = (from: object) => {
    const changes = [{ field: 'comments', value: { id: '17', text: 'Thanks!', from, media: { id: '18' } } }]
    const body = { object: 'instagram', entry: [{ id: ACCOUNT, time: 1_789_000_100, changes }] }
    return eventsOf(instagramParser.parse(Buffer.from(JSON.stringify(body)), parseOptions()))[0]
  }
  t.like(told({ username: 'shop', self_ig_scoped_id: '129' }), {
    type: 'unhandled',
    known: true,
    reason: 'own-comment',
  })
  t.like(told({ id: '2100', username: 'ann', self_ig_scoped_id: '129' }), { type: 'message', kind: 'COMMENT' })
})

test('comments of whose post nothing is told are not taken for being under one; a reply stays with what it answers', (t) => {
  const keyOf = (value: object) => {
    const from = { id: '2100', username: 'ann' }
    const changes = [{ field: 'comments', value: { text: 'Nice', from, ...value } }]
    const body = { object: 'instagram', entry: [{ id: ACCOUNT, time: 1_789_000_100, changes }] }
    const [event] = eventsOf(instagramParser.parse(Buffer.from(JSON.stringify(body)), parseOptions()))
    return event?.type === 'message' ? event.thread.key : null
  }
  t.not(keyOf({ id: '17' }), keyOf({ id: '18' }))
  t.is(keyOf({ id: '19', parent_id: '17' }), keyOf({ id: '17' }))
  const post = { id: '17', media: { id: '1' } }
  t.is(keyOf({ id: '18', media: { id: '2', original_media_id: '1', ad_id: '3' } }), keyOf(post))
})

test('an id among members that no comment has makes no comment', (t) => {
  for (const value of [{ id: '17', cube: 1 }, { text: null }, {}]) {
    const body = { object: 'instagram', entry: [{ id: ACCOUNT, time: 1, changes: [{ field: 'comments', value }] }] }
    const [event] = eventsOf(instagramParser.parse(Buffer.from(JSON.stringify(body)), parseOptions()))
    t.like(event, { type: 'unhandled', known: false })
  }
})

test('an entry that names no account is kept for the channel whose secret signed it, and makes nothing', (t) => {
  const messaging = [{ sender: { id: '2100' }, recipient: { id: ACCOUNT }, message: { mid: 'm.1', text: 'hi' } }]
  const parsed = instagramParser.parse(
    Buffer.from(JSON.stringify({ object: 'instagram', entry: [{ messaging }] })),
    parseOptions(),
  )
  if (!parsed.readable) return t.fail()
  t.deepEqual(
    parsed.shares.map(({ account }) => String(account)),
    [ACCOUNT],
  )
  t.like(parsed.shares[0]?.events[0], { type: 'unhandled', known: false, reason: 'no-account' })
})

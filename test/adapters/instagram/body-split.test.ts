import test from 'ava'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import type { ExternalAccountId } from '../../../src/core/ids.ts'
import { ACCOUNT, bytes, delivery, eventsOf, fixture, fixtureNames, parseOptions, sharesOf } from './fixtures.ts'

const parse = (body: unknown, options = parseOptions()) => sharesOf(instagramParser.parse(bytes(body), options))

test('a body of one account is kept to the letter', (t) => {
  const body = fixture('text-unicode')
  const [share] = sharesOf(instagramParser.parse(body, parseOptions()))
  t.is(share?.body, body.toString())
})

test('each account gets its own entries and no other', (t) => {
  const shares = sharesOf(instagramParser.parse(fixture('two-accounts'), parseOptions()))
  t.deepEqual(
    shares.map(({ account }) => String(account)),
    [ACCOUNT, '17841455500000022'],
  )
  t.true(shares[0]?.body.includes('for the first'))
  t.false(shares[0]?.body.includes('for the second'))
  t.false(shares[1]?.body.includes('for the first'))
})

test('a share keeps integers beyond 2^53 digit by digit', (t) => {
  const ours = `{"id":"${ACCOUNT}","time":1789000000500,"messaging":[{"sender":{"id":9007199254740995123},"message":{"mid":90071992547409931}}]}`
  const [first] = parse(`{"object":"instagram","entry":[${ours},{"id":"5","time":1789000000500}]}`)
  t.true(first?.body.includes('9007199254740995123'))
  t.true(first?.body.includes('90071992547409931'))
})

test('what names no account at all is kept for the one whose secret signed it, and counted as unknown', (t) => {
  for (const body of ['{"hello":1}', '[1]', '{"object":"instagram","entry":[]}']) {
    const [share, ...others] = parse(body)
    t.deepEqual(others, [])
    t.is(String(share?.account), ACCOUNT)
    t.deepEqual(
      share?.events.map((event) => event.type === 'unhandled' && event.known),
      [false],
    )
  }
})

for (const verified of [true, false]) {
  const how = verified ? 'verified' : 'hand-made'
  test(`what a share's body is parsed to again is that share (${how})`, (t) => {
    const junk = ['[[1,2]]', '[[1,2],3]', '[]', '7', '{"object":"instagram"}', '{"object":"page","entry":{"id":1e400}}']
    const bodies = [...fixtureNames.map((name) => fixture(name).toString()), ...junk]
    const ours = fixture('text').toString()
    const wholes = [`[${bodies.join(',')}]`, ...junk.map((body) => `[${ours},${body}]`)]
    for (const share of wholes.flatMap((whole) => parse(whole, parseOptions({ verified })))) {
      const [again, ...others] = parse(share.body, parseOptions({ verified }))
      t.deepEqual(others, [])
      t.deepEqual({ ...again, body: '' }, { ...share, body: '' })
    }
  })
}

test('an object other than instagram makes nothing, whatever its number, and is kept for the one whose secret signed it', (t) => {
  for (const id of [ACCOUNT, '104000000000001', null]) {
    const body = { object: 'page', entry: [{ id, messaging: [{ message: { mid: 'm_1', text: 'hi' } }] }] }
    const [share, ...others] = parse(body)
    t.deepEqual(others, [])
    t.is(String(share?.account), ACCOUNT)
    t.true(share?.body.includes('m_1'))
    t.deepEqual(
      share?.events.map((event) => event.type === 'unhandled' && [event.known, event.reason]),
      [[false, 'other-object']],
    )
  }
})

test('an entry whose account cannot be read is nobody’s, and one without stays with whose secret signed it', (t) => {
  for (const id of [undefined, null, '', {}, [], true, 1.5, 'x'.repeat(200), 'a\0b', '\ud800']) {
    const [share] = parse(delivery({ message: { mid: 'm', text: 'hi' } }, { id }))
    t.is(String(share?.account) === ACCOUNT, id === undefined || id === null)
    t.deepEqual(
      share?.events.map(({ type }) => type),
      ['unhandled'],
    )
  }
})

test('the object a stranger names need not be storable', (t) => {
  const [share] = parse({ object: `x\0${'\ud83d\ude00'.repeat(80)}`, entry: [{ id: 'y' }] })
  t.is(String(share?.account), ACCOUNT)
})

test('samples of the dashboard are marked and make nothing', (t) => {
  for (const name of fixtureNames.filter((name) => name.startsWith('dashboard-'))) {
    const [share, ...others] = sharesOf(instagramParser.parse(fixture(name), parseOptions()))
    t.deepEqual([String(share?.account), share?.isTest, share?.events, others], ['0', true, [], []])
  }
})

// proves: dashboard.real
test('a real comment is no sample, though it has the same shape', (t) => {
  const [share] = sharesOf(instagramParser.parse(fixture('comment'), parseOptions()))
  t.false(share?.isTest)
})

test('more items than the platform ever sends are refused before anything is made of them', (t) => {
  const body = bytes({ object: 'instagram', entry: [{ id: ACCOUNT, messaging: Array(10_001).fill({}) }] })
  t.deepEqual(instagramParser.parse(body, parseOptions()), { readable: false, reason: 'too-many-events' })
  const list = bytes(`[${Array(10_001).fill('0').join(',')}]`)
  t.deepEqual(instagramParser.parse(list, parseOptions()), { readable: false, reason: 'too-many-events' })
})

// proves: envelope.unreadable
test('what is no JSON is unreadable, with the reason', (t) => {
  const reasonOf = (body: string | Uint8Array) => {
    const parsed = instagramParser.parse(Buffer.from(body), parseOptions())
    return parsed.readable ? null : parsed.reason
  }
  t.is(reasonOf(''), 'empty-body')
  t.is(reasonOf(' \n'), 'empty-body')
  t.is(reasonOf('hello'), 'not-json')
  t.is(reasonOf(Buffer.from([0xff, 0xfe, 0x00])), 'not-json')
  t.is(reasonOf('{"object":"instagram"'), 'not-json')
  t.is(reasonOf(`${'['.repeat(65)}${']'.repeat(65)}`), 'json-too-deep')
})

test('a hand-made call counts for the channel’s own account, whatever id it names', (t) => {
  const options = parseOptions({ verified: false, account: '111' as ExternalAccountId })
  // Step 6.3 of the setup guide, as it stands there.
  const guide = {
    object: 'instagram',
    entry: [
      {
        id: 'PAGE_ID',
        time: 1234567890,
        messaging: [
          {
            sender: { id: 'USER_ID_123' },
            recipient: { id: 'PAGE_ID' },
            timestamp: 1234567890,
            message: { mid: 'MESSAGE_ID', text: 'Hi there! I have a question about your product.' },
          },
        ],
      },
    ],
  }
  const [share, ...others] = parse(guide, options)
  t.deepEqual(others, [])
  t.is(String(share?.account), '111')
  const [event] = share?.events ?? []
  if (event?.type !== 'message') return t.fail('no message came of it')
  t.is(String(event.thread.person.externalId), 'USER_ID_123')
  t.is(event.text, 'Hi there! I have a question about your product.')
  t.deepEqual(event.at, options.receivedAt, 'its time is of 2009')
})

test('a hand-made call from the account’s side is an echo, also where it names no account', (t) => {
  const options = parseOptions({ verified: false })
  const typeOf = (item: object, id?: string) =>
    eventsOf(instagramParser.parse(bytes(delivery({ ...item }, { id })), options)).map(({ type }) => type)
  const message = { mid: 'm', text: 'hi' }
  t.deepEqual(typeOf({ sender: { id: 'PAGE' }, recipient: { id: 'U' }, message }, 'PAGE'), ['echo'])
  t.deepEqual(typeOf({ sender: { id: ACCOUNT }, recipient: { id: 'U' }, message }), ['echo'])
  t.deepEqual(typeOf({ sender: { id: 'U' }, recipient: { id: 'PAGE' }, message }), ['message'])
  t.deepEqual(typeOf({ sender: { id: 'U' }, recipient: { id: 'V' }, message: { ...message, is_echo: true } }), ['echo'])
})

test('the plain form is taken from a hand-made call only', (t) => {
  const plain = {
    senderPhone: 'instagram_user_123',
    senderName: 'John Doe',
    message: 'Hello!',
    messageId: 'ig_msg_123',
  }
  const [taken] = eventsOf(instagramParser.parse(bytes(plain), parseOptions({ verified: false })))
  t.like(taken, { type: 'message', text: 'Hello!', externalId: 'ig_msg_123', kind: 'TEXT' })
  const [refused] = eventsOf(instagramParser.parse(bytes(plain), parseOptions()))
  t.like(refused, { type: 'unhandled', known: false, reason: 'no-account' })
})

test('JSON that is no webhook at all is kept, and makes nothing', (t) => {
  const [share] = parse({ test: true }, parseOptions({ verified: false }))
  t.is(String(share?.account), ACCOUNT)
  t.is(share?.body, '{"test":true}')
  t.like(share?.events[0], { type: 'unhandled', known: false })
  t.is(share?.events.length, 1)
})

import test from 'ava'
import { canBe, lookAtFile, UNKNOWN_FILE } from '../../../src/core/upload/look-at-file.ts'
import type { GuardedAnswer, GuardedRequest } from '../../../src/ports/guarded-client.ts'

const answered = (code: number, headers: Record<string, string> = {}): GuardedAnswer => ({
  status: 'answered',
  code,
  headers,
  body: new Uint8Array(),
  isCut: false,
})

/** A server that answers HEAD and GET so, and what it was asked. */
function server(head: GuardedAnswer, get: GuardedAnswer = answered(404)) {
  const asked: GuardedRequest[] = []
  const request = async (one: GuardedRequest) => {
    asked.push(one)
    return one.method === 'HEAD' ? head : get
  }
  return { asked, look: () => lookAtFile({ request }, 'https://files.example/photo') }
}

test('the head of a file tells its type and size', async (t) => {
  const { look, asked } = server(answered(200, { 'content-type': 'Image/JPEG; q=1', 'content-length': '1234' }))
  t.deepEqual(await look(), { refused: null, contentType: 'image/jpeg', bytes: 1234 })
  t.is(asked.length, 1)
})

test('a server that knows no HEAD is asked for the first bytes', async (t) => {
  const part = answered(206, {
    'content-type': 'video/mp4',
    'content-range': 'bytes 0-1023/99999',
    'content-length': '1024',
  })
  const { look, asked } = server(answered(405), part)
  t.deepEqual(await look(), { refused: null, contentType: 'video/mp4', bytes: 99_999 })
  t.deepEqual(asked[1]?.headers, { Range: 'bytes=0-1023' })
  const whole = server(answered(501), answered(200, { 'content-type': 'video/mp4', 'content-length': '77' }))
  t.like(await whole.look(), { bytes: 77 })
  const endless = server(answered(501), answered(206, { 'content-range': 'bytes 0-1023/*', 'content-length': '1024' }))
  t.deepEqual(await endless.look(), UNKNOWN_FILE)
})

test('no answer, one that says no, and one that says nothing leave it open', async (t) => {
  for (const head of [
    { status: 'failed', detail: 'no answer in time', mayHaveArrived: false } as const,
    answered(403),
    answered(404),
    answered(200),
    answered(200, { 'content-length': '-1' }),
    answered(200, { 'content-length': '12', 'content-encoding': 'gzip' }),
  ])
    t.deepEqual(await server(head, answered(403)).look(), UNKNOWN_FILE)
})

test('an address that is not called is said to be refused', async (t) => {
  t.deepEqual(await server({ status: 'refused', reason: 'it is private' }).look(), {
    ...UNKNOWN_FILE,
    refused: 'it is private',
  })
})

test('only a type that says what a file is can be plainly wrong', (t) => {
  const taken = ['image/png', 'image/jpeg']
  for (const type of [null, 'image/png', 'application/octet-stream', 'binary/octet-stream', 'application/x-download'])
    t.true(canBe(type, taken), String(type))
  for (const type of ['text/html', 'image/webp', 'image/svg+xml', 'video/mp4', 'application/pdf', 'application/json'])
    t.false(canBe(type, taken), type)
})

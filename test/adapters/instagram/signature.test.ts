import crypto, { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import test from 'ava'
import { verifySignature } from '../../../src/adapters/instagram/signature.ts'

// Escapes as they are on the wire: six characters each, not the character they stand for.
const BODY = Buffer.from(
  String.raw`{"object":"instagram","entry":[{"time":1767225600500,"id":"17841400000000101","messaging":[{"sender":{"id":"1200000000000001"},"recipient":{"id":"17841400000000101"},"timestamp":1767225600123,"message":{"mid":"aWdfVEVTVA","text":"caf\u00e9 \ud83d\ude4f https:\/\/example.com"}}]}]}`,
)
const SECRET = 'example_app_secret_do_not_use'
const HEX = '2dd0f9ab93b6a188463a86781c8e58d8602a626d081a62c72838356ab2195f2f'

const verify = (
  signature: string | undefined,
  { body = BODY, secrets = [SECRET] }: { body?: Buffer; secrets?: string[] } = {},
) => verifySignature({ body, headers: { 'x-hub-signature-256': signature } }, secrets)

// proves: webhook.signature
test('the bytes of the wire verify, their re-serialised form does not', (t) => {
  t.is(BODY.length, 281)
  t.is(verify(`sha256=${HEX}`), 0)
  const again = Buffer.from(JSON.stringify(JSON.parse(BODY.toString())))
  t.is(again.length, 267)
  t.is(verify(`sha256=${HEX}`, { body: again }), -1)
})

// proves: webhook.several-secrets
test('it says which secret matched, the first of several', (t) => {
  t.is(verify(`sha256=${HEX}`, { secrets: ['other', SECRET, SECRET] }), 1)
  t.is(verify(`sha256=${HEX}`, { secrets: ['other'] }), -1)
  t.is(verify(`sha256=${HEX}`, { secrets: [] }), -1)
})

test('an empty secret signs nothing', (t) => {
  const signature = `sha256=${createHmac('sha256', '').update(BODY).digest('hex')}`
  t.is(verify(signature, { secrets: [''] }), -1)
})

test('only sha256= and 64 hex digits are a signature', (t) => {
  const sha1 = createHmac('sha1', SECRET).update(BODY).digest('hex')
  const base64 = Buffer.from(HEX, 'hex').toString('base64')
  const wrong = [
    undefined,
    '',
    'sha256=',
    HEX,
    `SHA256=${HEX}`,
    `sha1=${sha1}`,
    `sha256=${sha1}`,
    `sha256=${HEX.slice(1)}`,
    `sha256=${HEX}0`,
    `sha256=${base64}`,
    `sha256=${HEX.replace(/^../, 'zz')}`,
    `sha256=${HEX.replace(/^2/, '２')}`,
    `sha256=${HEX}\n`,
    ` sha256=${HEX}`,
    `sha256=${HEX}, sha256=${HEX}`,
    'sha256=test_signature',
  ]
  for (const signature of wrong) t.is(verify(signature), -1, String(signature))
})

test('one changed bit of body or signature is refused', (t) => {
  const body = Buffer.from(BODY)
  body[100] = (body[100] ?? 0) ^ 1
  t.is(verify(`sha256=${HEX}`, { body }), -1)
  t.is(verify(`sha256=${HEX.replace(/.$/, '0')}`), -1)
  t.is(verify(`sha256=${HEX}`, { body: Buffer.concat([BODY, Buffer.from(' ')]) }), -1)
})

test('an empty body can be signed', (t) => {
  const signature = `sha256=${createHmac('sha256', SECRET).update('').digest('hex')}`
  t.is(verify(signature, { body: Buffer.alloc(0) }), 0)
})

test.serial(
  'S50: however many bytes of a wrong signature are right, all 32 are compared, once for each secret',
  (t) => {
    const compared: (readonly [number, number, boolean])[] = []
    const { timingSafeEqual } = crypto
    crypto.timingSafeEqual = (a, b) => {
      const isSame = timingSafeEqual(a, b)
      compared.push([a.byteLength, b.byteLength, isSame])
      return isSame
    }
    syncBuiltinESMExports()
    t.teardown(() => {
      crypto.timingSafeEqual = timingSafeEqual
      syncBuiltinESMExports()
    })
    for (let right = 0; right < 32; right++) {
      const rest = HEX.slice(right * 2).replace(/./g, (digit) => (digit === '0' ? '1' : '0'))
      compared.length = 0
      t.is(verify(`sha256=${HEX.slice(0, right * 2)}${rest}`, { secrets: [SECRET, 'another'] }), -1, `${right}`)
      t.deepEqual(compared, Array(2).fill([32, 32, false]), `${right}`)
    }
    // A right one does not end it sooner, and what has not the form is compared with nothing.
    compared.length = 0
    t.is(verify(`sha256=${HEX}`, { secrets: [SECRET, 'another'] }), 0)
    t.deepEqual(compared, [
      [32, 32, true],
      [32, 32, false],
    ])
    compared.length = 0
    t.is(verify(`sha256=${HEX.slice(2)}`), -1)
    t.deepEqual(compared, [])
  },
)

const COMPARING = ['instagram/signature', 'instagram/signed-request', 'http/receipt-code', 'channel-kit/secrets']

for (const file of COMPARING) {
  test(`S50: ${file} compares what is secret in constant time and in no other way`, (t) => {
    const source = readFileSync(join(import.meta.dirname, `../../../src/adapters/${file}.ts`), 'utf8')
    t.regex(source, /timingSafeEqual\(/)
    t.notRegex(
      source,
      /\.(equals|compare|startsWith|localeCompare)\(|(digest\([^)]*\)|secret|given|hex)\s*===? (?!''|undefined|null)/,
    )
  })
}

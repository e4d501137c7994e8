import test from 'ava'
import fc from 'fast-check'
import { KINDS } from '../../../src/core/upload/file-kinds.ts'
import { HEAD_BYTES, kindOf, sniff } from '../../../src/core/upload/sniff.ts'
import { type SampleFile, sampleFile } from '../../support/sample-files.ts'

for (const format of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
  test(`${format} is known by its bytes, whatever follows them`, (t) => {
    t.is(sniff(sampleFile(format, HEAD_BYTES))[0], KINDS[format])
    t.is(kindOf(sampleFile(format), null), KINDS[format])
    for (const name of [KINDS[format].contentType, ...KINDS[format].aliases])
      t.is(kindOf(sampleFile(format), `${name}; charset=binary`), KINDS[format], name)
  })
}

for (const format of ['heic', 'mkv', 'mp3', 'zip', 'svg', 'html'] as const satisfies SampleFile[]) {
  test(`${format} is none of what is taken, also when it is declared as a picture`, (t) => {
    t.deepEqual(sniff(sampleFile(format)), [])
    for (const declared of [null, 'image/jpeg', 'image/svg+xml'])
      t.throws(() => kindOf(sampleFile(format), declared), { code: 'attachment-unsupported' })
  })
}

test('a container is sound where the client says so, and moving pictures otherwise', (t) => {
  t.is(kindOf(sampleFile('mp4'), 'audio/mp4'), KINDS.m4a)
  t.is(kindOf(sampleFile('mp4'), null), KINDS.mp4)
})

test('bytes that contradict what is declared are refused', (t) => {
  t.throws(() => kindOf(sampleFile('png'), 'image/jpeg'), { code: 'attachment-unsupported', message: /image\/png/ })
  t.throws(() => kindOf(sampleFile('pdf'), 'image/gif'), { code: 'attachment-unsupported' })
})

for (const [title, bytes] of [
  ['a script that begins like a GIF', 'GIF89a/*\0\0\0\0*/=1;alert(1)'],
  ['a page in the comment of a GIF', 'GIF89a\x01\0\x01\0\0\0\0!\xfe\x20<script>alert(1)</script>'],
  ['a page in the comment of a JPEG', '\xff\xd8\xff\xfe\0\x40<html><body onload=alert(1)>'],
  ['a signature alone', '\xff\xd8\xff'],
  ['a page behind the signature of a PNG', '\x89PNG\r\n\x1a\n<svg onload=alert(1)>'],
  ['a PDF that is not at the beginning', '<html>%PDF-1.7'],
  ['text', 'just some words'],
] as const) {
  test(`${title} is refused`, (t) => {
    t.deepEqual(sniff(Buffer.from(bytes, 'latin1')), [])
  })
}

test('no bytes make it fail', (t) => {
  const heads = fc.constantFrom(...Object.keys(KINDS)) as fc.Arbitrary<keyof typeof KINDS>
  fc.assert(
    fc.property(heads, fc.uint8Array({ maxLength: 64 }), fc.nat(40), (format, noise, at) => {
      const bytes = Buffer.concat([sampleFile(format).subarray(0, at), noise])
      return Array.isArray(sniff(bytes))
    }),
  )
  t.pass()
})

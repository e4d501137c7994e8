import test from 'ava'
import fc from 'fast-check'
import { KINDS } from '../../../src/core/upload/file-kinds.ts'
import { fileNameFor } from '../../../src/core/upload/file-name.ts'

for (const [given, expected] of [
  ['photo.jpg', 'photo.jpg'],
  ['Photo.JPEG', 'Photo.jpeg'],
  ['tent', 'tent.jpg'],
  ['page.html', 'page.html.jpg'],
  ['../../etc/passwd', 'passwd.jpg'],
  ['C:\\temp\\tent.jpg', 'tent.jpg'],
  ['..\\..\\.htaccess', 'htaccess.jpg'],
  ['.\u200b.htaccess', 'htaccess.jpg'],
  ['gpj.\u202eexe.jpg', 'gpj.exe.jpg'],
  ['a\r\nSet-Cookie: x=1.jpg', 'aSet-Cookie x=1.jpg'],
  ['"quoted".jpg', 'quoted.jpg'],
  ['Zelt für zwei 🏕.jpg', 'Zelt für zwei 🏕.jpg'],
  ['', 'image.jpg'],
  [null, 'image.jpg'],
  ['...', 'image.jpg'],
] as const) {
  test(`${JSON.stringify(given)} becomes ${JSON.stringify(expected)}`, (t) => {
    t.is(fileNameFor(given, KINDS.jpeg), expected)
  })
}

test('S112: whatever it is called, the name is short, has no path and ends like what it is', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (given) => {
      const name = fileNameFor(given, KINDS.pdf)
      return /^[^/\\\p{Cc}]+\.pdf$/u.test(name) && Buffer.byteLength(name) <= 210 && !name.startsWith('.')
    }),
  )
  t.pass()
})

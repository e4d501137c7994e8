import test from 'ava'
import fc from 'fast-check'
import { splitText, utf8Bytes } from '../../src/core/message/split-text.ts'

const MAX = 40
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const boundaries = (text: string) => new Set([...graphemes.segment(text)].map(({ index }) => index))

// proves: out.split
test('pieces joined are the text, none is too long or blank, and none ends inside a character', (t) => {
  const word = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.constantFrom('👩‍👩‍👧‍👦', '🇺🇦', 'é', 'مرحبا', 'Привіт', 'end.', '。', '\r\n', '\n\n'),
  )
  const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(' '))
  fc.assert(
    fc.property(text, (whole) => {
      const pieces = splitText(whole, MAX)
      if (pieces === null) return
      t.is(pieces.join(''), whole)
      const ends = boundaries(whole).add(whole.length)
      let at = 0
      for (const piece of pieces) {
        at += piece.length
        t.true(utf8Bytes(piece) <= MAX && piece.trim() !== '' && ends.has(at))
      }
    }),
    { numRuns: 500 },
  )
})

test('it ends a piece with a paragraph, else a sentence, else a word, else between two characters', (t) => {
  const cut = (text: string) => splitText(text, MAX)
  t.deepEqual(cut('short'), ['short'])
  t.deepEqual(cut('A first paragraph is here.\n\nOne. Two three four five'), [
    'A first paragraph is here.\n\n',
    'One. Two three four five',
  ])
  t.deepEqual(cut('This sentence is over now. This one is longer than that'), [
    'This sentence is over now. ',
    'This one is longer than that',
  ])
  t.deepEqual(cut('no sentence ends in here at all, only words do'), [
    'no sentence ends in here at all, only ',
    'words do',
  ])
  t.deepEqual(cut('x'.repeat(50)), ['x'.repeat(40), 'x'.repeat(10)])
  t.deepEqual(cut('👩‍👩‍👧‍👦👩‍👩‍👧‍👦'), ['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'])
})

test('what cannot be cut is not cut', (t) => {
  t.is(splitText('👩‍👩‍👧‍👦', 20), null)
  t.is(splitText(`a${' '.repeat(100)}b`, MAX), null)
})

import test from 'ava'
import fc from 'fast-check'
import { isSameEmoji, readEmoji } from '../../src/core/reaction/emoji.ts'

test('one emoji is one, whether its parts are joined, coloured, flags or keys', (t) => {
  for (const emoji of ['😂', '👍🏽', '👩‍👩‍👧', '🇨🇭', '3️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿']) t.is(readEmoji(emoji), emoji)
})

test('an emoji without the sign that makes a picture of it is given one', (t) => {
  t.is(readEmoji('❤'), '❤️')
  t.is(readEmoji('❤️'), '❤️')
  t.true(isSameEmoji('❤', '❤️'))
  t.false(isSameEmoji('❤', '👍'))
  t.false(isSameEmoji('❤', null))
  t.true(isSameEmoji(null, null))
})

test('anything else is no emoji', (t) => {
  for (const text of ['', 'love', '❤️❤️', '😂 ', '3', '©®', '\ufe0f', '👍a']) t.is(readEmoji(text), null, text)
})

test('what is read is read again as itself', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), (text) => {
      const emoji = readEmoji(text)
      return emoji === null || (readEmoji(emoji) === emoji && isSameEmoji(emoji, text))
    }),
  )
  t.pass()
})

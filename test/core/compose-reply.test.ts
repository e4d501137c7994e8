import test from 'ava'
import { instagramCapabilities } from '../../src/adapters/instagram/capabilities.ts'
import { plainCapabilities } from '../../src/adapters/plain/capabilities.ts'
import { capabilitiesFor, whyTextOnly } from '../../src/core/channel/capabilities.ts'
import type { Surface } from '../../src/core/channel/inbound-event.ts'
import { DomainError } from '../../src/core/errors.ts'
import { composeReply, type ReplyContent } from '../../src/core/message/compose-reply.ts'

const compose = (reply: ReplyContent, surface: Surface = 'DM', allowLoopback = false) =>
  composeReply(reply, capabilitiesFor(instagramCapabilities, surface, {}), { allowLoopback })

const breaches = (reply: ReplyContent, surface: Surface = 'DM', allowLoopback = false) => {
  try {
    compose(reply, surface, allowLoopback)
    return []
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return error.errors.map(({ code, pointer }) => `${code} ${pointer}`)
  }
}

const image = { type: 'IMAGE', url: 'https://files.example/a.jpg' } as const
const button = { type: 'POSTBACK', title: 'Buy', payload: 'BUY' } as const
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)

test('attachments come first, then the template, the sticker and the text, with quick replies on its last part', (t) => {
  const parts = compose({
    content: `${'a'.repeat(900)} ${'b'.repeat(900)}`,
    split: true,
    quickReplies: [{ title: 'Yes' }],
    sticker: 'HEART',
    template: { type: 'BUTTONS', text: 'What now?', buttons: [button] },
    attachments: [image, { type: 'FILE', url: 'https://files.example/invoice.pdf' }],
  })
  t.deepEqual(
    parts.map((part) => (part.kind === 'ATTACHMENT' ? part.type : part.kind)),
    ['IMAGE', 'FILE', 'TEMPLATE', 'STICKER', 'TEXT', 'TEXT'],
  )
  t.deepEqual(
    parts.flatMap((part) => (part.kind === 'TEXT' ? [part.quickReplies] : [])),
    [[], [{ title: 'Yes', payload: 'Yes' }]],
  )
})

// proves: out.limits
test('everything that is wrong is named at once, by its place', (t) => {
  t.deepEqual(
    breaches({
      content: 'é'.repeat(501),
      quickReplies: many(14, { title: 'x'.repeat(21) }).slice(0, 14),
      attachments: [{ type: 'IMAGE', url: 'http://files.example/a.pdf' }],
      template: { type: 'BUTTONS', text: 'x'.repeat(641), buttons: many(4, button) },
    }).filter((breach) => !/quickReplies\/\d+/.test(breach)),
    [
      'url-not-allowed /attachments/0/url',
      'attachment-unsupported /attachments/0/url',
      'content-too-long /template/text',
      'content-too-long /template/buttons',
      'content-too-long /quickReplies',
      'content-too-long /content',
    ],
  )
})

const refused: Record<string, [reply: ReplyContent, breach: string]> = {
  'nothing at all': [{}, 'content-empty /content'],
  'blanks beside an image': [{ content: ' \n', attachments: [image] }, 'content-empty /content'],
  'quick replies without a text': [
    { attachments: [image], quickReplies: [{ title: 'Yes' }] },
    'content-empty /content',
  ],
  'an image whose name says PDF': [
    { attachments: [{ type: 'IMAGE', url: 'https://files.example/a.PDF?x=.jpg' }] },
    'attachment-unsupported /attachments/0/url',
  ],
  'a kind of sound that Instagram does not take': [
    { attachments: [{ type: 'AUDIO', url: 'https://files.example/a.mp3' }] },
    'attachment-unsupported /attachments/0/url',
  ],
  'eleven attachments': [{ attachments: many(11, image) }, 'content-too-long /attachments'],
  'a URL with a password': [
    { attachments: [{ type: 'IMAGE', url: 'https://a:b@files.example/a.jpg' }] },
    'url-not-allowed /attachments/0/url',
  ],
  'cards without a card': [{ template: { type: 'GENERIC' } }, 'content-empty /template/elements'],
  'eleven cards': [
    { template: { type: 'GENERIC', elements: many(11, { title: 'x' }) } },
    'content-too-long /template/elements',
  ],
  'a button that leads nowhere': [
    { template: { type: 'BUTTONS', text: 'x', buttons: [{ type: 'WEB_URL', title: 'x' }] } },
    'content-empty /template/buttons/0/url',
  ],
  'a text that cannot be cut': [{ content: `a${' '.repeat(3000)}b`, split: true }, 'content-too-long /content'],
}
for (const [what, [reply, breach]] of Object.entries(refused)) {
  test(`${what} is refused`, (t) => t.deepEqual(breaches(reply), [breach]))
}

test('an address without an extension, or of a loopback host outside production, is taken', (t) => {
  t.deepEqual(breaches({ attachments: [{ type: 'VIDEO', url: 'https://files.example/v1.2/clip' }] }), [])
  const local = { attachments: [{ type: 'IMAGE', url: 'http://127.0.0.1:3001/a.png' }] } as const
  t.deepEqual(breaches(local, 'DM', true), [])
  t.deepEqual(breaches(local), ['url-not-allowed /attachments/0/url'])
  const near = { attachments: [{ type: 'IMAGE', url: 'http://127.0.0.1.example/a.png' }] } as const
  t.deepEqual(breaches(near, 'DM', true), ['url-not-allowed /attachments/0/url'])
})

test('the answer to a comment is one text, and a mention has none', (t) => {
  t.is(compose({ content: 'Hello' }, 'COMMENT').length, 1)
  t.deepEqual(breaches({ content: 'Hello', attachments: [image] }, 'COMMENT'), ['capability-missing /attachments'])
  t.deepEqual(breaches({ sticker: 'HEART' }, 'COMMENT'), ['capability-missing /sticker'])
  t.deepEqual(breaches({ content: 'Hello', quickReplies: [{ title: 'Yes' }] }, 'COMMENT'), [
    'capability-missing /quickReplies',
  ])
  t.deepEqual(breaches({ content: 'x'.repeat(1001), split: true }, 'COMMENT'), [
    'capability-missing /split',
    'content-too-long /content',
  ])
  t.deepEqual(breaches({ content: 'Hello' }, 'MENTION'), ['capability-missing /content'])
})

test('one message in particular can be answered with Facebook Login only', (t) => {
  const of = (settings: Record<string, unknown>) => capabilitiesFor(instagramCapabilities, 'DM', settings).replyTo
  t.deepEqual(of({ login: 'facebook' }), { where: null })
  t.is(of({ login: 'instagram' }), null)
  t.is(of({}), null)
})

test('that a comment takes text only is said where direct messages carry more, of what is missing and of nothing else', (t) => {
  const why = 'A comment takes text only until the customer writes directly.'
  t.is(whyTextOnly(instagramCapabilities, 'COMMENT'), why)
  for (const surface of ['DM', 'MENTION'] as const) t.is(whyTextOnly(instagramCapabilities, surface), null)
  t.is(whyTextOnly(plainCapabilities, 'COMMENT'), null)
  const error = t.throws(
    () =>
      composeReply(
        {
          content: 'x'.repeat(1001),
          split: true,
          attachments: [image],
          sticker: 'HEART',
          quickReplies: [{ title: 'Yes' }],
        },
        capabilitiesFor(instagramCapabilities, 'COMMENT', {}),
        { allowLoopback: false },
        why,
      ),
    { instanceOf: DomainError },
  )
  t.deepEqual(
    error?.errors.filter(({ detail }) => detail === why).map(({ pointer }) => pointer),
    ['/attachments', '/sticker', '/quickReplies'],
  )
  t.true(error?.errors.some(({ pointer }) => pointer === '/split'))
})

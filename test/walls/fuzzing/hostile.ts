import * as fc from 'fast-check'

/** Heard by the suite, should the database ever run a text: it needs no right of any kind. */
export const CANARY = 'fuzz_canary'
const NOTIFY = `select pg_notify('${CANARY}','')`

/** Texts that somebody somewhere would run, cut or choke on. Most are fine as words, and then have to come back as they are. */
const WORDS: readonly string[] = [
  ...[
    "' or 1=1 --",
    `'; ${NOTIFY}; --`,
    `'||(${NOTIFY})||'`,
    '$1',
    '"; drop table tickets; --',
    `(${NOTIFY})`,
    '\\',
    '%',
    '_',
  ],
  ...['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '<svg/onload=alert(1)>', 'javascript:alert(1)'],
  ...[
    '{{7*7}}',
    '$' + '{7*7}',
    '<%= 7*7 %>',
    '#{7*7}',
    '%s%n%d',
    '{0.__class__}',
    'constructor',
    '__proto__',
    'toString',
  ],
  ...['../../etc/passwd', '..%2f..%2f', 'a\r\nSet-Cookie: a=b', 'a\u2028b\u2029c', '\u001b[31m', '\t', ' ', '\u00a0'],
  ...[
    '\u202eabc',
    '\ufeffabc',
    '\uffff\ufdd0',
    `a${'\u0301'.repeat(300)}`,
    '👩‍👩‍👧‍👦'.repeat(20),
    'ﷺ'.repeat(80),
    'İıſK',
  ],
  ...['null', 'undefined', 'NaN', '-0', '1e999', '9007199254740993', '0x10', '٣', '1_000', '+1', '1.0', 'true', '[]'],
  ...[
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '300000-01-01T00:00:00Z',
    '2026-13-01',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '019a9f0e7c1b7d3a9a550c6e2f1b4d10',
  ],
  ...[
    'http://127.0.0.1:5432/',
    'file:///etc/passwd',
    'https://user:pass@example.com/',
    'https://[::1]/',
    '=1+1',
    '@SUM(A1)',
  ],
]

/** What no text may be: the database has no place for them. */
const UNSTORABLE: readonly string[] = ['\u0000', 'a\u0000b', '\ud800', 'a\udfff', '\udc00\ud800']

/** Texts on which patterns with a fault take for ever. */
const SLOW: readonly string[] = [
  'a!'.repeat(25_000),
  ' '.repeat(50_000),
  `${'a'.repeat(50_000)}!`,
  `${'9'.repeat(50_000)}Z`,
  `${'-a'.repeat(25_000)}-`,
]

const word = fc.constantFrom(...WORDS)
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: word },
  { weight: 3, arbitrary: fc.constantFrom(...UNSTORABLE) },
  { weight: 1, arbitrary: fc.constantFrom(...SLOW) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
)

/** The same, fit for a field that takes any words; `max` where the field says how many. */
export const storableText = (min: number, max: number): fc.Arbitrary<string> => {
  const upTo = Math.min(max, 200)
  const fits = (text: string) => [...text].length >= min && [...text].length <= max && !text.includes('\u0000')
  const words = [...WORDS, 'x'.repeat(Math.min(max, 6_000)), '🏕'.repeat(Math.min(max, 600))].filter(fits)
  return fc
    .oneof(
      { weight: 3, arbitrary: words.length > 0 ? fc.constantFrom(...words) : fc.constant('x'.repeat(min)) },
      { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: min, maxLength: Math.max(min, upTo) }) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: min, maxLength: Math.max(min, 20) }) },
    )
    .map((text) => (fits(text) ? text : 'a'.repeat(Math.max(1, min))))
}

const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) })

/** In the place of anything in a body. Literal `__proto__` keys are own ones, as a parser makes them. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: hostileText },
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(
      ...[null, true, false, 0, -1, -0, 1.5, 2 ** 53 + 2, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 63],
      ...[[], {}, [[]], [null], [{}], '', { length: -1 }, { toString: 'x', valueOf: 1 }, { toJSON: 'x' }],
      ...[{ $gt: '' }, { $ne: null }, { __raw: NOTIFY }, { sql: NOTIFY, params: [] }, { $in: [1] }],
      ...[JSON.parse('{"__proto__":{"polluted":true}}'), { constructor: { prototype: { polluted: true } } }],
      ...[deep(33), deep(60), Array.from({ length: 300 }, () => 'x'), { type: 'Buffer', data: [1] }],
    ),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
)

/** What can be done to the text of a JSON body, which is JSON no more or says something twice. */
const TEXTS: Readonly<Record<string, (json: string) => string | Buffer>> = {
  'cut short': (json) => json.slice(0, -1),
  'cut in half': (json) => json.slice(0, json.length / 2),
  'with more behind it': (json) => `${json}{}`,
  'with a comma too many': (json) => json.replace(/\}$/, ',}'),
  'with a comment': (json) => `/* */${json}`,
  'in single quotes': (json) => json.replaceAll('"', "'"),
  nothing: () => '',
  'a space': () => ' ',
  null: () => 'null',
  'a list': (json) => `[${json}]`,
  'a text': (json) => JSON.stringify(json),
  'no number': () => '{"a":NaN}',
  'a number out of range': () => '{"a":1e999,"b":-1e999}',
  'a form': () => 'content=a&a[__proto__][polluted]=1',
  'after a mark of order': (json) => `\ufeff${json}`,
  'in two bytes each': (json) => Buffer.from(json, 'utf16le'),
  'with a byte that is no text': (json) =>
    Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from([0x20, 0xff, 0x7d])]),
  'with such a byte in a text': () =>
    Buffer.concat([Buffer.from('{"content":"a'), Buffer.from([0xff, 0xc3]), Buffer.from('"}')]),
  'with a raw NUL': (json) => json.replace('"', '"\u0000'),
  'each key twice': (json) => json.replace(/^\{("[^"]*":)/, '{$1[],$1'),
  'with a prototype': (json) => json.replace(/^\{/, '{"__proto__":{"polluted":true},'),
  '33 deep': () => '['.repeat(33) + ']'.repeat(33),
  '65 deep': () => '{"a":'.repeat(65) + 1 + '}'.repeat(65),
  '5,000 deep': () => '{"a":'.repeat(5_000) + 1 + '}'.repeat(5_000),
  '200,000 deep': () => '['.repeat(200_000),
  '10,000 keys': () => `{${Array.from({ length: 10_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
  '100,000 elements': () => `{"attachments":[${'{},'.repeat(99_999)}{}]}`,
}
export const spoiledTexts: readonly string[] = Object.keys(TEXTS)
export const spoilText = (how: string, json: string): Buffer => Buffer.from(TEXTS[how]!(json) as string)

/** Headers of their kind, as far as a client can send them at all. */
export const hostileHeader: fc.Arbitrary<readonly [name: string, value: string]> = fc.oneof(
  ...Object.entries({
    'content-type': [
      ...[
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/json; charset=latin1',
      ],
      ...[
        'application/json;charset=utf-16',
        'application/vnd.x+json',
        'APPLICATION/JSON',
        'application/json;',
        ';',
        '*/*',
        'a',
      ],
    ],
    'content-encoding': ['gzip', 'br', 'identity', 'x'],
    authorization: [
      'Bearer',
      'Bearer ',
      'bearer x',
      'Basic YTpi',
      'Bearer a b',
      `Bearer ${'x'.repeat(5_000)}`,
      "Bearer ' or 1=1 --",
    ],
    cookie: ['sid=', 'sid=s%3Ax.y', 'sid=s:x; sid=s:y', `sid=${'x'.repeat(4_000)}`, '__proto__=1', ';;;=', 'sid="\\'],
    accept: ['*/*', 'text/html', 'application/xml', 'text/event-stream', ';q=x', ''],
    origin: ['null', 'https://evil.example', 'https://inbox.example.evil.example', ''],
    'sec-fetch-site': ['cross-site', 'same-site', 'x'],
    'x-http-method-override': ['DELETE', 'PUT'],
    'x-forwarded-for': ['127.0.0.1', "' or 1=1 --", '::ffff:10.0.0.1, x'],
    'x-forwarded-proto': ['https', 'file'],
    'x-forwarded-host': ['evil.example'],
    'x-request-id': ['x', 'x'.repeat(65), '../..', "' or 1=1 --", '{{7*7}}'],
    'idempotency-key': ['""', ' ', 'x'.repeat(256), "' or 1=1 --", '\u00ff', '__proto__', 'a\tb'],
    'last-event-id': ['-1', '1e3', '9'.repeat(16), '9'.repeat(40), "'", '0x10', ''],
    range: ['bytes=0-', 'bytes=-0', 'bytes=9-1', 'bytes=0-1,2-3', `bytes=${'9'.repeat(30)}-`, 'x'],
    'if-none-match': ['*', '""'],
    'x-hub-signature-256': ['sha256=', `sha256=${'0'.repeat(64)}`, 'sha1=0', 'x', `sha256=${'zz'.repeat(32)}`],
  }).map(([name, values]) => fc.constantFrom(...values).map((value) => [name, value] as const)),
)

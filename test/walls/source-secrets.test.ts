import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'

const ROOT = join(import.meta.dirname, '../..')
/** What a checkout has; installed packages and what programs make there is nobody's source. */
const FILES = [
  '*',
  '.env.example',
  '.npmrc',
  '.ci/**',
  '.github/**',
  'bench/**',
  'dev/**',
  'docker/**',
  'docs/**',
  'src/**',
  'test/**',
  'tools/*/*',
]
const MADE = /(^|\/)(node_modules|data|package-lock\.json)(\/|$)|^\.env$/

/** Forms of real credentials, of those whose like could end up here. */
const FORMS: Readonly<Record<string, RegExp>> = {
  'a private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/g,
  'a token of Instagram or Facebook': /\b(?:IGAA|IGQ|EAA)[A-Za-z0-9_-]{40,}/g,
  'a key of a cloud or a forge':
    /\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bnpm_[A-Za-z0-9]{36}\b|\bAIza[\w-]{35}\b|\bxox[abprs]-[\w-]{10,}/g,
  'a signed token': /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g,
  'a secret of a webhook': /\bwhsec_[A-Za-z0-9+/]{32,}={0,2}/g,
  'a secret in hexadecimal': /(?:secret|token|password|api_?key)["']?\s*[:=]\s*["'`]?[0-9a-f]{32,64}\b/gi,
  'a key of the ring': /ENCRYPTION_KEYS["']?\s*[:=]\s*["'`]?[\w-]+:[A-Za-z0-9+/]{43}=/g,
  // Of a length and mixture that nobody types as an example.
  'a password in an address':
    /\b(?:postgres(?:ql)?|amqps?|rediss?|https?):\/\/[^\s:@/"'`<>${}]+:(?=[^\s@]*\d)(?=[^\s@]*[A-Za-z])[^\s@/"'`<>${}]{12,}@/g,
}

/** What has the form and is none, with why. */
const NONE: readonly (readonly [form: RegExp, why: string])[] = [
  [/^whsec_WU9VUl9D/, 'the words YOUR_CALLBACK_SECRET in base64, of the example of the contract'],
]

test('S122: sources, examples, fixtures and documents hold nothing of the form of a secret', (t) => {
  const files = FILES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).filter(
    (file) => !MADE.test(file) && statSync(join(ROOT, file)).isFile(),
  )
  t.true(files.length > 500, String(files.length))
  for (const file of ['openapi.yaml', '.env.example', 'postman-collection.json']) t.true(files.includes(file), file)
  const found = files.flatMap((file) =>
    secretsIn(readFileSync(join(ROOT, file), 'utf8')).map((what) => `${file}: ${what}`),
  )
  t.deepEqual(found, [])
})

test('S122: nor does anything that once stood there, as far back as this checkout goes', (t) => {
  const git = (...args: string[]) =>
    spawnSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1024 * 1024 * 1024, timeout: 60_000 })
  if (git('rev-parse', '--git-dir').status !== 0) {
    t.log('no history here: it was not checked out with git')
    return t.pass()
  }
  const { status, stdout } = git('log', '--all', '--patch', '--format=%H %B')
  t.is(status, 0)
  t.true(stdout.length > 100)
  t.deepEqual(secretsIn(stdout), [])
  t.log(`${git('rev-list', '--all', '--count').stdout.trim()} commits`)
})

test('S122: what has the form of a secret is found', (t) => {
  const token = 'x'.repeat(45)
  for (const planted of [
    `-----BEGIN RSA ${'PRIVATE'} KEY-----`,
    `accessToken: IG${'AA'}${token}`,
    `const pageToken = 'EA${'A'}${token}'`,
    `{"appSecret": "${'0123456789abcdef'.repeat(2)}"}`,
    `ENCRYPTION_KEYS=k1:${'A'.repeat(43)}=`,
    `postgres://sam:${'kX9vQ2mL7pTz4'}@db.example/inbox`,
    `callbackSecret: whsec_${'A'.repeat(44)}`,
    `gh${'p'}_${'a'.repeat(36)}`,
    `Bearer ey${'J'}${token}.eyJ${token}.${token}`,
  ])
    t.is(secretsIn(planted).length, 1, planted)
})

const secretsIn = (text: string): readonly string[] =>
  Object.entries(FORMS).flatMap(([what, form]) =>
    [...text.matchAll(form)]
      .filter(([hit]) => !NONE.some(([none]) => none.test(hit)))
      .map(([hit]) => `${what} (${hit.slice(0, 24)}…)`),
  )

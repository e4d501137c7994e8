import { createRequire } from 'node:module'

/**
 * Whether everyone who guesses would try it early: one of the 49,000 most common ones, a word of these or of this trade with
 * digits and marks behind it (`Summer2026!`), a run such as `23456789`, one to three characters repeated, or what is known of
 * the person, as their e-mail address.
 */
export function isCommonPassword(password: string, about: readonly string[] = []): boolean {
  const plain = plainly(password)
  const stem = plain.replace(/[\d!?.,@#$%&*_-]{1,8}$/u, '')
  return (
    about.some((known) => plain === plainly(known)) ||
    common().has(plain) ||
    (stem.length >= 4 && (common().has(stem) || trade.has(stem))) ||
    isRun(plain) ||
    /^(.{1,3})\1+$/u.test(plain)
  )
}

const plainly = (text: string): string => text.normalize('NFKC').trim().toLowerCase()

const runs = [
  '01234567890123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
]

function isRun(plain: string): boolean {
  const backwards = [...plain].reverse().join('')
  return plain.length >= 4 && runs.some((run) => run.includes(plain) || run.includes(backwards))
}

const trade: ReadonlySet<string> = new Set(
  'delightchat instagram facebook whatsapp support helpdesk inbox autumn contraseña sifre letmein adminadmin'.split(
    ' ',
  ),
)

type Language = Readonly<{ dictionary: Readonly<{ 'passwords-common': readonly string[] }> }>
let known: ReadonlySet<string> | undefined

/** Unpacked when it is first asked for: that takes about 50 ms and 5 MB, which most processes never need. */
function common(): ReadonlySet<string> {
  if (known === undefined) {
    const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common') as Language
    known = new Set(dictionary['passwords-common'])
  }
  return known
}

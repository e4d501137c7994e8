import type { GuardRules } from './guard-rules.ts'

const MAX_CHARS = 2_048

export type Checked = Readonly<{ url: URL; refused: null }> | Readonly<{ url: null; refused: string }>

/** Reads an address as people give it. What a parser would silently repair is refused, since others may read it differently. */
export function checkUrl(text: string, rules: GuardRules): Checked {
  const refuse = (refused: string): Checked => ({ url: null, refused })
  if (text.length > MAX_CHARS) return refuse(`it is longer than ${MAX_CHARS} characters`)
  if (/[\p{Cc}\s\\]/u.test(text)) return refuse('it has blanks, controls or backslashes in it')
  if (!/^https?:\/\/[^/]/i.test(text)) return refuse('it is not an http or https address')
  if (/^https?:\/\/[^/?#]*@/i.test(text)) return refuse('it has a user name in it')
  const url = URL.parse(text)
  if (url === null) return refuse('it cannot be read')
  if (!rules.isPort(url.port)) return refuse('its port is not one of web servers')
  if (!rules.isName(url.hostname)) return refuse('its host is a name of a local network')
  return { url, refused: null }
}

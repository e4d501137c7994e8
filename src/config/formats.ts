import type { EncryptionKey } from '../ports/secret-box.ts'

/** What ajv asks for by `format`. */
export const formats: Readonly<Record<string, (value: string) => boolean>> = {
  host: (value) => /^[A-Za-z0-9._:%-]+$/.test(value) && !/^[^:]+:\d*$/.test(value),
  'http-url': (value) => {
    const url = parseUrl(value, ['http:', 'https:'])
    return url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  },
  'postgres-url': (value) => (parseUrl(value, ['postgres:', 'postgresql:'])?.pathname.length ?? 0) > 1,
  'amqp-url': (value) => parseUrl(value, ['amqp:', 'amqps:']) !== null,
  'redis-url': (value) => parseUrl(value, ['redis:', 'rediss:']) !== null,
  'smtp-url': (value) => parseUrl(value, ['smtp:', 'smtps:']) !== null,
  address: (value) => /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(value),
  'secret-list': (value) => splitSecrets(value).every((secret) => secret !== ''),
  'key-ring': (value) => parseKeyRing(value) !== null,
}

export function splitSecrets(value: string): string[] {
  return value.split(',').map((secret) => secret.trim())
}

/** `id:base64,id:base64`, the first key first; null if it is anything else. */
export function parseKeyRing(value: string): EncryptionKey[] | null {
  const keys: EncryptionKey[] = []
  for (const part of splitSecrets(value)) {
    const [, id, text] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(part) ?? []
    if (id === undefined || text === undefined || keys.some((key) => key.id === id)) return null
    keys.push({ id, key: Uint8Array.from(Buffer.from(text, 'base64')) })
  }
  return keys
}

/** The address without its password, for logs and messages. */
export function redactUrl(value: string): string {
  const url = URL.parse(value)
  if (!url) return '(unreadable address)'
  if (url.password !== '') url.password = '***'
  for (const name of url.searchParams.keys().toArray()) {
    if (/pass|secret|token|key/i.test(name)) url.searchParams.set(name, '***')
  }
  return url.href
}

export function passwordOf(address: string): string {
  const password = URL.parse(address)?.password ?? ''
  try {
    return decodeURIComponent(password)
  } catch {
    return password
  }
}

function parseUrl(value: string, protocols: readonly string[]): URL | null {
  const url = URL.parse(value)
  return url && protocols.includes(url.protocol) && (url.hostname !== '' || url.searchParams.has('host')) ? url : null
}

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { GuardRules } from './guard-rules.ts'

/** All addresses of a name. */
export type Resolver = (host: string) => Promise<readonly string[]>

export const systemResolver: Resolver = async (host) =>
  (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address)

export type Resolved =
  | Readonly<{ addresses: readonly string[]; refused: null }>
  | Readonly<{ addresses: null; refused: string }>

/** The addresses to connect to, and to nothing else. One private among them is reason enough to refuse the name. */
export async function resolveHost(host: string, resolver: Resolver, rules: GuardRules): Promise<Resolved> {
  const bare = host.replace(/^\[|\]$/g, '')
  const addresses = isIP(bare) ? [bare] : await resolver(bare)
  if (addresses.length === 0) throw new Error('the name has no address')
  if (!addresses.every(rules.isAddress)) return { addresses: null, refused: 'it leads to a private or special address' }
  return { addresses, refused: null }
}

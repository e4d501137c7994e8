import { isAddress, isPublicAddress } from './public-address.ts'

/** Names that mean this machine, this network, or nothing (RFC 6761, RFC 6762, RFC 8375). */
const LOCAL_ENDINGS = ['localhost', 'local', 'internal', 'lan', 'home.arpa', 'test', 'invalid', 'onion']

/** Why Meta, which takes files from public https addresses only, could not fetch anything below this URL; null where it could. */
export function notPublic(url: string): string | null {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:') return 'it is not https'
  // An IPv6 address comes in brackets, an IPv4 one in its plain form however it was written.
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isAddress(host)) return isPublicAddress(host) ? null : 'its address is a private or special one'
  if (!host.includes('.')) return 'its host is a name of a local network'
  return isLocalName(host) ? `names that end like ${host} are local` : null
}

/** Whether a name, in lower case and without a dot at its end, is never one of the open internet. */
export const isLocalName = (host: string): boolean =>
  LOCAL_ENDINGS.some((ending) => host === ending || host.endsWith(`.${ending}`))

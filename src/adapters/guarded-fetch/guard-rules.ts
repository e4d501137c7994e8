import { isPublicAddress } from '../../core/network/public-address.ts'
import { isLocalName } from '../../core/network/public-url.ts'

/** What may be called. */
export type GuardRules = Readonly<{
  isPort(port: string): boolean
  /** Of a host in lower case, before it is resolved. */
  isName(host: string): boolean
  isAddress(address: string): boolean
}>

/** What web servers listen on; anything else is more likely somebody's database or mail server. */
const PORTS = ['', '80', '443', '8080', '8443']

/** A dot at its end changes nothing of where a name leads. */
const bare = (host: string): string => host.replace(/\.$/, '')

export const openInternet: GuardRules = {
  isPort: (port) => PORTS.includes(port),
  // An address in brackets has no dot; a name of the open internet has.
  isName: (host) => !isLocalName(bare(host)) && /[.:]/.test(bare(host)),
  isAddress: isPublicAddress,
}

/** As those, but never this installation itself: whoever gives an address could speak to us from the inside. */
export function openInternetBut(publicUrl: string): GuardRules {
  const own = bare(new URL(publicUrl).hostname)
  return { ...openInternet, isName: (host) => bare(host) !== own && openInternet.isName(host) }
}

/** For tests and the demo alone: also this machine and its networks. */
export const anywhere: GuardRules = { isPort: () => true, isName: () => true, isAddress: () => true }

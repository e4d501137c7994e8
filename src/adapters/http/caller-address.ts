import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * Who calls, with Express and before it: as many proxies are believed as are configured, from our side on. Empty where there is no
 * address, so that whoever writes something else there is one network with all who do.
 */
export function callerAddress(req: IncomingMessage, trustedProxies: number): string {
  const given = req.headers['x-forwarded-for']
  const forwarded = (Array.isArray(given) ? given.join(',') : (given ?? ''))
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const addresses = [req.socket.remoteAddress ?? '', ...forwarded.toReversed()]
  return bare(addresses[Math.min(trustedProxies, addresses.length - 1)] ?? '')
}

const IN_BRACKETS = /^\[([^\]]+)\](?::\d+)?$/
const WITH_PORT = /^([\d.]+):\d+$/

/** Some proxies add the port, which is another one with each connection. */
function bare(text: string): string {
  const address = IN_BRACKETS.exec(text)?.[1] ?? WITH_PORT.exec(text)?.[1] ?? text
  return isIP(address) === 0 ? '' : address
}

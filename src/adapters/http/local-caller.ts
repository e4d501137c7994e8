import type { IncomingMessage } from 'node:http'

/** What proxies and tunnels add; with any of them the call did not begin on this machine. */
const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

/** Whether the call came from this machine itself, and through no proxy or tunnel. */
export function isLocalCaller(req: IncomingMessage): boolean {
  return isLoopback(req.socket.remoteAddress) && FORWARDING_HEADERS.every((name) => req.headers[name] === undefined)
}

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

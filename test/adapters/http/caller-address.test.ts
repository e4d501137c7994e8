import type { IncomingMessage } from 'node:http'
import test from 'ava'
import { callerAddress } from '../../../src/adapters/http/caller-address.ts'

type Row = readonly [what: string, proxies: number, forwarded: string | undefined, address: string]

const PEER = '192.0.2.1'
const rows: readonly Row[] = [
  ['without a proxy the header counts for nothing', 0, '203.0.113.1', PEER],
  ['without the header it is whoever is connected', 2, undefined, PEER],
  ['an empty header is none', 1, '', PEER],
  ['commas alone are none', 1, ' , ,', PEER],
  ['one proxy: the last one', 1, '203.0.113.1, 198.51.100.1', '198.51.100.1'],
  ['two proxies: the last but one', 2, '203.0.113.1, 198.51.100.1, 192.0.2.9', '198.51.100.1'],
  ['more proxies than hops: the first one', 5, '203.0.113.1, 198.51.100.1', '203.0.113.1'],
  ['empty places are no hops', 2, '203.0.113.1,, 198.51.100.1 ,\t', '203.0.113.1'],
  ['an IPv6 address', 1, '2001:db8::1', '2001:db8::1'],
  ['an IPv4 address in the form of an IPv6 one', 1, '::ffff:203.0.113.1', '::ffff:203.0.113.1'],
  ['a zone', 1, 'fe80::1%eth0', 'fe80::1%eth0'],
  ['a port, which changes with each connection', 1, '203.0.113.1:51234', '203.0.113.1'],
  ['brackets', 1, '[2001:db8::1]', '2001:db8::1'],
  ['brackets and a port', 1, '[2001:db8::1]:443', '2001:db8::1'],
  ['a port of a hop that is not asked for', 1, '203.0.113.1:1, 198.51.100.1:2', '198.51.100.1'],
  ['a name', 1, 'unknown', ''],
  ['a hidden one', 1, '_gazonk', ''],
  ['an address and something', 1, '203.0.113.1 or 1=1', ''],
  ['too many parts', 1, '203.0.113.1.1', ''],
  ['numbers out of range', 1, '203.0.113.256', ''],
  ['another spelling of a number', 1, '0xcb007101', ''],
  ['open brackets', 1, '[2001:db8::1', ''],
  ['an address in quotes', 1, '"203.0.113.1"', ''],
  ['very much of it', 1, 'a'.repeat(16_000), ''],
  ['very many of them', 1, `${'203.0.113.1,'.repeat(1_000)}198.51.100.1`, '198.51.100.1'],
]

const requestWith = (forwarded: string | string[] | undefined, remoteAddress: string | undefined = PEER) =>
  ({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }) as unknown as IncomingMessage

for (const [what, proxies, forwarded, address] of rows)
  test(`${what}: ${address || 'no address'}`, (t) => t.is(callerAddress(requestWith(forwarded), proxies), address))

test('a header that came in several lines is one list', (t) =>
  t.is(callerAddress(requestWith(['203.0.113.1', '198.51.100.1, 192.0.2.9']), 2), '198.51.100.1'))

test('whoever has gone has no address', (t) => {
  const gone = { headers: {}, socket: {} } as unknown as IncomingMessage
  t.is(callerAddress(gone, 0), '')
  t.is(callerAddress(gone, 1), '')
})

import { BlockList } from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import { isPublicAddress } from '../../../src/core/network/public-address.ts'
import { notPublic } from '../../../src/core/network/public-url.ts'

const OPEN = [
  '1.1.1.1',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.0',
  '100.128.0.0',
  '2606:4700:4700::1111',
  '::ffff:1.1.1.1',
  '64:ff9b::101:101',
  '2a00:1450:4001:80b::200e',
]
const CLOSED = `
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:169.254.169.254 64:ff9b::10.0.0.1 64:ff9b::a00:1 64:ff9b:1::1
fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd12:3456::1 ff02::1 2001::1 2001:db8::1 2002:a00:1:: 2002:7f00:1::1 3fff::1 100::1 5f00::1 4000::1
`
  .trim()
  .split(/\s+/)
const NO_ADDRESS = [
  '',
  'localhost',
  '1.2.3',
  '127.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '256.1.1.1',
  '1::2::3',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '::g',
  '::1.2.3',
  '1.2.3.4.5',
  '[::1]',
]

test('what lies on the open internet is public, and nothing else is', (t) => {
  for (const address of OPEN) t.true(isPublicAddress(address), address)
  for (const address of [...CLOSED, ...NO_ADDRESS]) t.false(isPublicAddress(address), address)
})

test('an IPv4 address is judged alike however IPv6 carries it', (t) => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.constantFrom('::ffff:', '64:ff9b::'),
      (address, carrier) => isPublicAddress(address) === isPublicAddress(carrier + address),
    ),
  )
  t.pass()
})

test('none of the ranges that are closed by Node’s own reckoning is open by ours', (t) => {
  const closed = new BlockList()
  for (const [address, prefix] of [
    ['10.0.0.0', 8],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['224.0.0.0', 3],
  ] as const)
    closed.addSubnet(address, prefix)
  for (const [address, prefix] of [
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
    ['2001:db8::', 32],
    ['2002::', 16],
  ] as const)
    closed.addSubnet(address, prefix, 'ipv6')
  const v6 = fc.oneof(
    fc.ipV6(),
    fc.ipV6().map((address) => address.replace(/^[^:]*/, 'fe80')),
  )
  fc.assert(fc.property(fc.ipV4(), (address) => !(closed.check(address) && isPublicAddress(address))))
  fc.assert(fc.property(v6, (address) => !(closed.check(address, 'ipv6') && isPublicAddress(address))))
  t.pass()
})

test('only https under a name or an address of the open internet is a public URL', (t) => {
  for (const url of [
    'https://inbox.example.com',
    'https://inbox.example.com:8443/base',
    'https://1.1.1.1',
    'https://[2606:4700::1]',
  ])
    t.is(notPublic(url), null, url)
  for (const url of [
    'http://inbox.example.com',
    'http://localhost:3001',
    'https://localhost',
    'https://localhost.',
    'https://api.localhost',
    'https://inbox',
    'https://inbox.local',
    'https://inbox.internal',
    'https://inbox.lan',
    'https://127.0.0.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://0177.0.0.1',
    'https://127.1',
    'https://10.1.2.3',
    'https://169.254.169.254',
    'https://[::1]',
    'https://[::ffff:10.0.0.1]',
    'https://[fd00::1]',
  ])
    t.truthy(notPublic(url), url)
})

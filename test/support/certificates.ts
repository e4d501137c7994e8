import { generateKeyPairSync, sign } from 'node:crypto'

type Made = Readonly<{ cert: string; key: string }>

const DAY_MS = 86_400_000

/** As much of DER as a certificate takes (X.690). */
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const time = (at: Date) => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))
const yes = der(0x01, Buffer.from([255]))
const extension = (id: string, ...parts: readonly Buffer[]) => sequence(oid(id), ...parts)

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'))
const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'
const BASIC_CONSTRAINTS = '551d13'

/** A certificate that signed itself, for these names and for a day, with its key: nothing of it is kept anywhere. */
export function selfSigned(hosts: readonly [string, ...string[]], from = new Date(Date.now() - DAY_MS / 2)): Made {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const name = sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from(hosts[0])))))
  const facts = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, ...Buffer.from(hosts[0]).subarray(0, 8)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(from), time(new Date(from.getTime() + DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(BASIC_CONSTRAINTS, yes, der(0x04, sequence(yes))),
        extension(SUBJECT_ALT_NAME, der(0x04, sequence(...hosts.map((host) => der(0x82, Buffer.from(host)))))),
      ),
    ),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', facts, privateKey))
  const lines =
    sequence(facts, ECDSA_WITH_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

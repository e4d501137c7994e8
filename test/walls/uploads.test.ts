import { crc32, deflateSync, gzipSync } from 'node:zlib'
import test from 'ava'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { createPeopleClient } from '../support/people-client.ts'
import { onEachProfile } from '../support/profiles.ts'
import { sampleFile } from '../support/sample-files.ts'
import { onServer } from '../support/template.ts'
import { type Caller, createCaller } from './tenancy/calls.ts'

const PUBLIC_URL = 'https://inbox.example'
const MEGABYTE = 1024 * 1024

const latin = (text: string) => Buffer.from(text, 'latin1')
const padded = (bytes: Buffer, length: number) => Buffer.concat([bytes], length)

/** A ZIP of one stored entry, as unpackers take it; `mode` is that of Unix, 0o120777 for a symbolic link. */
function zipOf(name: string, content: Buffer, mode = 0o100644): Buffer {
  const about = Buffer.alloc(22)
  about.writeUInt32LE(crc32(content), 10)
  about.writeUInt32LE(content.length, 14)
  about.writeUInt32LE(content.length, 18)
  const sizes = Buffer.alloc(4)
  sizes.writeUInt16LE(name.length)
  const local = Buffer.concat([latin('PK\x03\x04\x14\x00'), about.subarray(2), sizes, latin(name), content])
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(mode * 0x1_0000, 6)
  const central = Buffer.concat([latin('PK\x01\x02\x14\x03\x14\x00'), about.subarray(2), sizes, rest, latin(name)])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, central, latin('PK\x05\x06'), end])
}

function pngOf(side: number, pixels: Buffer): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    const body = Buffer.concat([latin(type), data])
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  const parts = [chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([latin('\x89PNG\r\n\x1a\n'), ...parts])
}

const ARCHIVES: Readonly<Record<string, Buffer>> = {
  'a ZIP that leads out of its folder': zipOf('../../../tmp/out', latin('out')),
  'a ZIP with an absolute path': zipOf('/etc/cron.d/out', latin('out')),
  'a ZIP with a symbolic link': zipOf('link', latin('/etc/passwd'), 0o120777),
  'a ZIP of ZIPs': zipOf('inner.zip', zipOf('inner.zip', zipOf('zeros', Buffer.alloc(20_000)))),
  'an empty ZIP': padded(latin('PK\x05\x06'), 22),
  'a bomb in gzip': gzipSync(Buffer.alloc(20 * MEGABYTE)),
  'a tar': Buffer.concat([padded(latin('../out'), 257), latin('ustar\x0000'), Buffer.alloc(1_024)]),
  bzip2: latin('BZh91AY&SY\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'),
  xz: latin('\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x00\x00\x00\x00'),
  '7z': latin("7z\xbc\xaf'\x1c\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"),
  RAR: latin('Rar!\x1a\x07\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00'),
  zstd: latin('(\xb5/\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'),
}

const script = '<script>alert(1)</script>'
/** What it is, as what it is given out, and its bytes. */
const DISGUISED: readonly (readonly [what: string, type: string, bytes: Buffer])[] = [
  ['SVG as itself', 'image/svg+xml', sampleFile('svg')],
  ['SVG as PNG', 'image/png', sampleFile('svg')],
  ['a page as itself', 'text/html', sampleFile('html')],
  ['a page as PDF', 'application/pdf', sampleFile('html')],
  ['XML with a style sheet', 'application/xml', latin('<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>')],
  ['a script that begins like GIF', 'image/gif', latin(`GIF89a=1;alert(document.domain)/*${'x'.repeat(64)}*/`)],
  ['a GIF with a page in it', 'image/gif', Buffer.concat([sampleFile('gif'), latin(`<!doctype html>${script}`)])],
  ['a JPEG with a page in it', 'image/jpeg', Buffer.concat([sampleFile('jpeg'), latin(`<html>${script}</html>`)])],
  ['a PNG with a page in it', 'image/png', Buffer.concat([sampleFile('png'), latin(script)])],
  ['PDF as a picture', 'image/jpeg', sampleFile('pdf')],
  ['a picture as PDF', 'application/pdf', sampleFile('jpeg')],
  ['a JPEG as PNG', 'image/png', sampleFile('jpeg')],
  ['nothing that is known', 'image/jpeg', latin('MZ\x90\x00\x03\x00\x00\x00')],
  ['the signature of a PNG alone', 'image/png', latin('\x89PNG\r\n\x1a\n')],
]

onEachProfile((profile) => {
  let stage: ConnectStage
  let caller: Caller
  let owner: Readonly<{ orgId: string; token: string }>
  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL })
    caller = createCaller(stage.url, 4)
    owner = await createPeopleClient(stage.url).signUp()
  })
  test.after.always(async () => {
    caller?.close()
    await stage?.close()
  })

  const upload = async (bytes: Buffer, type: string, name: string) => {
    const path = `/orgs/${owner.orgId}/attachments?filename=${encodeURIComponent(name)}`
    const asked = { token: owner.token, body: bytes, headers: { 'content-type': type } }
    const { status, text } = await caller.call('POST', path, asked)
    return { status, body: JSON.parse(text) as Readonly<Record<string, string>> }
  }
  const kept = async () =>
    (await onServer(stage.db.admin, (server) => server.query('select 1 from uploads where org_id = $1', [owner.orgId])))
      .rowCount
  /** As the platform gets it: byte for byte. */
  const fetched = async (url: string) => {
    const answer = await fetch(`${stage.url}${url.slice(PUBLIC_URL.length)}`)
    return { headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) }
  }

  test.serial(
    `S114: ${profile}: an archive is not taken, by whatever name, and nothing of it is unpacked`,
    async (t) => {
      for (const [what, bytes] of Object.entries(ARCHIVES))
        for (const type of ['application/zip', 'application/octet-stream', 'image/jpeg', 'application/pdf']) {
          const { status, body } = await upload(bytes, type, '../../out.zip')
          t.true(status === 415 || status === 422, `${what} as ${type}: ${status}`)
          t.true(['unsupported-media-type', 'attachment-unsupported'].includes(body['code']!), `${what} as ${type}`)
        }
      t.is(await kept(), 0)
    },
  )

  test.serial(
    `S114: ${profile}: a picture of fifty thousand by fifty thousand goes through as the bytes that it is`,
    async (t) => {
      // Seven gigabytes for whoever looks at it.
      const bytes = pngOf(50_000, deflateSync(Buffer.alloc(4 * MEGABYTE)))
      const before = process.memoryUsage().rss
      const { status, body } = await upload(bytes, 'image/png', 'large.png')
      t.is(status, 201)
      t.true(bytes.equals((await fetched(body['url']!)).bytes))
      t.true(process.memoryUsage().rss - before < 300 * MEGABYTE)
    },
  )

  test.serial(`S113: ${profile}: what is not what it says, or carries a page, is not taken`, async (t) => {
    const before = await kept()
    for (const [what, type, bytes] of DISGUISED) {
      const { status, body } = await upload(bytes, type, 'a picture')
      t.true(status === 415 || status === 422, `${what}: ${status}`)
      t.true(['unsupported-media-type', 'attachment-unsupported'].includes(body['code']!), what)
    }
    t.is(await kept(), before)
  })

  test.serial(
    `S113: ${profile}: a PDF with a script, and a picture with one further behind, go out to be saved and run nothing`,
    async (t) => {
      const pdf = latin('%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n')
      const picture = Buffer.concat([sampleFile('jpeg', 4_096), latin(script)])
      for (const [bytes, type, name] of [
        [pdf, 'application/pdf', 'a.pdf'],
        [picture, 'image/jpeg', 'a.jpg.html'],
      ] as const) {
        const { status, body } = await upload(bytes, type, name)
        t.is(status, 201)
        const got = await fetched(body['url']!)
        t.true(bytes.equals(got.bytes))
        t.is(got.headers.get('content-type'), type)
        t.is(got.headers.get('x-content-type-options'), 'nosniff')
        t.regex(
          got.headers.get('content-disposition') ?? '',
          /^attachment; filename="[^"]+\.(pdf|jpg)"; filename\*=UTF-8''[\w.%-]+\.(pdf|jpg)$/,
        )
        t.regex(got.headers.get('content-security-policy') ?? '', /(^|; )sandbox(;|$)/)
      }
    },
  )
})

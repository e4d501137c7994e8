import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { uploadBody } from '../../../src/adapters/http/upload-body.ts'
import { createUploadPlaces } from '../../../src/adapters/http/upload-places.ts'
import type { OrgId } from '../../../src/core/ids.ts'
import { sampleFile } from '../../support/sample-files.ts'
import { PUBLIC_URL, startHttp } from './support/http-server.ts'
import { until } from './support/until.ts'

const server = await startHttp()
test.after.always(() => server.stop())

const file = sampleFile('jpeg', 41)

/** What the link answers, byte for byte. */
async function fetchMedia(path: string, init: RequestInit = {}) {
  const response = await fetch(server.url + path, init)
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

async function anUpload(fileName = 'tent.jpg') {
  const person = await server.signUp()
  const view = server.uploads.add(person.orgId as OrgId, file, { fileName })
  const made = await server.call('GET', `/orgs/${person.orgId}/attachments/${view.id}`, { token: person.token })
  return { ...person, view, path: (made.json.url as string).slice(PUBLIC_URL.length) }
}

// proves: out.upload-link
test.serial('a file that is uploaded can be fetched by its link, and read about', async (t) => {
  const { token, orgId } = await server.signUp()
  const made = await server.call('POST', `/orgs/${orgId}/attachments?filename=tent.jpg`, {
    token,
    body: file,
    headers: { 'content-type': 'image/jpeg' },
  })
  t.is(made.status, 201, made.text)
  t.like(made.json, { type: 'IMAGE', contentType: 'image/jpeg', bytes: file.length, filename: 'tent.jpg' })
  t.true(made.json.url.startsWith(`${PUBLIC_URL}/media/`))
  const got = await fetchMedia(made.json.url.slice(PUBLIC_URL.length))
  t.true(file.equals(got.bytes))
  t.like(server.calls.findLast(({ name }) => name === 'storeUpload')?.args[1], {
    declaredType: 'image/jpeg',
    declaredBytes: file.length,
    fileName: 'tent.jpg',
  })
  const location = made.headers.get('location')!
  t.is((await server.call('GET', location, { token })).json.id, made.json.id)
  t.is((await server.call('DELETE', location, { token })).status, 204)
  t.is((await server.call('GET', location, { token })).status, 404)
  t.is((await fetchMedia(made.json.url.slice(PUBLIC_URL.length))).status, 404)
})

test.serial('S102, S112, S113: a file goes out to be saved, not to be shown or guessed at', async (t) => {
  const { path } = await anUpload('Zelt "für" zwei\u2028🏕\r\n\u0085.jpg')
  const { status, headers, bytes } = await fetchMedia(path)
  t.is(status, 200)
  t.true(file.equals(bytes))
  t.is(headers.get('content-type'), 'image/jpeg')
  t.is(headers.get('content-length'), String(file.length))
  t.is(headers.get('x-content-type-options'), 'nosniff')
  t.is(
    headers.get('content-disposition'),
    `attachment; filename="Zelt _f_r_ zwei______.jpg"; filename*=UTF-8''Zelt%20%22f%C3%BCr%22%20zwei%E2%80%A8%F0%9F%8F%95%0D%0A%C2%85.jpg`,
  )
  t.regex(headers.get('content-security-policy') ?? '', /sandbox/)
  t.is(headers.get('cache-control'), 'private, no-store')
})

test.serial('HEAD tells the size, and a range is a part of the file', async (t) => {
  const { path } = await anUpload()
  const head = await fetchMedia(path, { method: 'HEAD' })
  t.deepEqual([head.status, head.headers.get('content-length'), head.bytes.length], [200, '41', 0])
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=3-9', 3, 10],
    ['bytes=-5', 36, 41],
    ['bytes=39-100', 39, 41],
  ] as const) {
    const part = await fetchMedia(path, { headers: { range } })
    t.is(part.status, 206, range)
    t.true(file.subarray(start, end).equals(part.bytes), range)
    t.is(part.headers.get('content-range'), `bytes ${start}-${end - 1}/41`)
  }
  const beyond = await fetchMedia(path, { headers: { range: 'bytes=41-' } })
  t.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */41'])
  t.is(JSON.parse(beyond.bytes.toString()).code, 'range-not-satisfiable')
})

test.serial(
  'S115: a link that is over, was changed or leads to nothing is answered as one that never was',
  async (t) => {
    const { path, view, orgId } = await anUpload()
    const never = await fetchMedia('/media/never')
    const plain = ({ bytes }: { bytes: Buffer }) => {
      const { instance: _, requestId: __, ...rest } = JSON.parse(bytes.toString())
      return rest
    }
    t.is(never.status, 404)
    const changed = path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    t.deepEqual(plain(await fetchMedia(changed)), plain(never))
    server.time.offsetMs = 3_600_000
    t.deepEqual(plain(await fetchMedia(path)), plain(never))
    server.time.offsetMs = 0
    t.is((await fetchMedia(path)).status, 200)
    server.uploads.remove(orgId as OrgId, view.id)
    t.deepEqual(plain(await fetchMedia(path)), plain(never))
  },
)

test.serial('a link is in no log, whatever it leads to', async (t) => {
  const { path } = await anUpload()
  const token = path.slice('/media/'.length)
  for (const asked of [path, `/${path}`, `${path}/`, `${path}/more`, path.toUpperCase(), `${path}?a=1`])
    await fetchMedia(asked)
  t.false(server.log.text.toLowerCase().includes(token.toLowerCase().slice(0, 40)))
  t.true(server.log.text.includes('/media/…'))
})

for (const [title, headers, status, code] of [
  ['JSON', { 'content-type': 'application/json' }, 415, 'unsupported-media-type'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
  ['a page', { 'content-type': 'text/html' }, 415, 'unsupported-media-type'],
  ['SVG', { 'content-type': 'image/svg+xml' }, 415, 'unsupported-media-type'],
  ['a packed file', { 'content-type': 'image/jpeg', 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
] as const) {
  test.serial(`${title} is not taken for an upload`, async (t) => {
    const { token, orgId } = await server.signUp()
    const answer = await server.call('POST', `/orgs/${orgId}/attachments`, { token, body: file, headers })
    t.deepEqual([answer.status, answer.json.code], [status, code])
  })
}

test.serial('an upload that breaks off reaches nobody', async (t) => {
  const { token, orgId } = await server.signUp()
  const before = server.uploads.kept.length
  const req = request(`${server.url}/orgs/${orgId}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'image/jpeg', 'content-length': 100_000 },
  })
  const gone = new Promise((resolve) => req.on('error', resolve))
  const taken = server.calls.length
  req.write(file)
  while (server.calls.length === taken) await new Promise((resolve) => setImmediate(resolve))
  req.destroy()
  await gone
  t.is(server.uploads.kept.length, before)
})

test.serial('S110: who waits is few of one organization too', async (t) => {
  const places = createUploadPlaces({ places: 1, perOrganization: 1, waiting: 3, waitingPerOrganization: 2 })
  const ends: (() => void)[] = []
  const upload = (name: string) => places.hold(name, () => new Promise<void>((resolve) => ends.push(resolve)))
  const all = ['a', 'a', 'a'].map(upload)
  await t.throwsAsync(upload('a'), { message: /Try again shortly/ })
  all.push(upload('b'))
  for (let at = 0; at < all.length; at++) {
    ends[at]?.()
    await all[at]
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.is(ends.length, 4)
})

test.serial(
  'S110: two hundred uploads of one organization at once: others go on, and what is too much comes again',
  async (t) => {
    const own = await startHttp()
    t.teardown(() => own.stop())
    const [many, other] = [await own.signUp(), await own.signUp()]
    const { storeUpload } = own.core
    const open = Promise.withResolvers<void>()
    let [begun, most] = [0, 0]
    own.core.storeUpload = async (actor, input) => {
      if (actor.orgId !== many.orgId) return storeUpload(actor, input)
      most = Math.max(most, ++begun)
      await open.promise
      begun--
      return storeUpload(actor, input)
    }
    const upload = ({ orgId, token }: { orgId: string; token: string }) =>
      own.call('POST', `/orgs/${orgId}/attachments`, { token, body: file, headers: { 'content-type': 'image/jpeg' } })
    const refused: Awaited<ReturnType<typeof upload>>[] = []
    const all = Array.from({ length: 200 }, () =>
      upload(many).then((answer) => {
        if (answer.status !== 201) refused.push(answer)
        return answer.status
      }),
    )
    await until(() => refused.length === 200 - 3 - 16)
    for (const answer of refused) {
      t.true(answer.status === 503 || answer.status === 429, answer.text)
      t.truthy(answer.headers.get('retry-after'))
    }
    t.is((await upload(other)).status, 201)
    t.is((await own.call('GET', `/orgs/${other.orgId}/tickets`, { token: other.token })).status, 200)
    t.is((await own.call('GET', `/orgs/${many.orgId}/tickets`, { token: many.token })).status, 200)
    t.is(begun, 3)
    open.resolve()
    t.is((await Promise.all(all)).filter((status) => status === 201).length, 19)
    t.is(most, 3)
  },
)

test.serial(
  'S116: the places in a picture go out as they came in: nothing of a file is taken out or written anew',
  async (t) => {
    const { token, orgId } = await server.signUp()
    const picture = withPlace(sampleFile('jpeg', 4_000))
    const made = await server.call('POST', `/orgs/${orgId}/attachments`, { token, body: picture })
    t.is(made.status, 201, made.text)
    const { bytes } = await fetchMedia(made.json.url.slice(PUBLIC_URL.length))
    t.true(picture.equals(bytes))
    t.true(bytes.includes('47/1,36/1,0/1'))
    const privacy = readFileSync(join(import.meta.dirname, '../../../docs/privacy.md'), 'utf8').replace(/\s+/g, ' ')
    t.true(privacy.includes('the place where it was taken, goes to the customer with it'))
  },
)

/** As a camera writes it: EXIF with a place, right behind the file's first two bytes. */
function withPlace(jpeg: Buffer): Buffer {
  const exif = Buffer.concat([
    Buffer.from('Exif\0\0MM\0*\0\0\0\x08', 'latin1'),
    Buffer.from('GPSLatitude 47/1,36/1,0/1'),
  ])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(exif.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)])
}

for (const [what, limits] of [
  ['goes silent', { maxSilentMs: 100 }],
  ['drips', { maxMs: 300 }],
] as const) {
  test.serial(`an upload that ${what} gives its place back, and is told so`, async (t) => {
    const server = createServer(async (req, res) => {
      try {
        for await (const _ of uploadBody(req, limits));
        res.end('whole')
      } catch (error) {
        res.end((error as Error).message)
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const req = request({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': 1_000 } })
    req.on('error', () => {})
    const drip = setInterval(() => void (what === 'drips' && req.write('x')), 20)
    req.write('x')
    const answer = await new Promise<string>((resolve) =>
      req.on('response', (res) => res.on('data', (piece) => resolve(String(piece)))),
    )
    t.is(answer, 'The upload took too long.')
    clearInterval(drip)
    req.destroy()
    server.closeAllConnections()
    server.close()
  })
}

test.serial(
  'S110: few files come in at once, few of one organization, and the others wait their turn or come again',
  async (t) => {
    const places = createUploadPlaces({ places: 3, perOrganization: 2, waiting: 3, waitingPerOrganization: 2 })
    const begun: string[] = []
    const ends: (() => void)[] = []
    const upload = (name: string) =>
      places.hold(name[0]!, () => {
        begun.push(name)
        return new Promise<string>((resolve) => ends.push(() => resolve(name)))
      })
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map(upload)
    t.deepEqual(begun, ['a1', 'a2', 'b1'])
    await t.throwsAsync(upload('c1'), { message: /Try again shortly/ })
    ends[2]!()
    await all[4]
    await new Promise((resolve) => setImmediate(resolve))
    t.deepEqual(begun, ['a1', 'a2', 'b1', 'b2'], 'the turn passes by who has enough')
    ends[0]!()
    await all[0]
    await new Promise((resolve) => setImmediate(resolve))
    t.deepEqual(begun, ['a1', 'a2', 'b1', 'b2', 'a3'])
    for (let at = 0; at < 6; at++) {
      ends[at]?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    t.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'])
  },
)

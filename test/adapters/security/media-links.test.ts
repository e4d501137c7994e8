import { randomUUID } from 'node:crypto'
import test from 'ava'
import { createMediaLinks } from '../../../src/adapters/security/media-links.ts'
import type { OrgId, UploadId } from '../../../src/core/ids.ts'

const target = { orgId: randomUUID() as OrgId, uploadId: randomUUID() as UploadId }
const now = new Date('2026-11-22T08:00:00.000Z')
const inAnHour = new Date(now.getTime() + 3_600_000)
const links = createMediaLinks(['first-secret', 'second-secret'], 'https://inbox.example')
const tokenOf = (url: string) => url.slice('https://inbox.example/media/'.length)

test('a link leads back to its upload until its time is over', (t) => {
  const token = tokenOf(links.linkTo(target, inAnHour))
  t.regex(token, /^[\w-]{90,100}$/)
  t.deepEqual(links.read(token, now), target)
  t.deepEqual(links.read(token, new Date(inAnHour.getTime() - 1)), target)
  t.is(links.read(token, inAnHour), null)
})

test('S115: a link that was changed anywhere leads nowhere', (t) => {
  const token = tokenOf(links.linkTo(target, inAnHour))
  for (let at = 0; at < token.length; at++) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    t.is(links.read(changed, now), null, String(at))
  }
  for (const other of ['', token.slice(1), token.slice(0, -1), `${token}A`, `${token}=`, ` ${token}`, 'x'.repeat(92)])
    t.is(links.read(other, now), null)
})

test('the first secret signs, all are accepted, and one that was taken away is not', (t) => {
  const old = tokenOf(createMediaLinks(['second-secret'], 'https://inbox.example').linkTo(target, inAnHour))
  t.deepEqual(links.read(old, now), target)
  const fresh = tokenOf(links.linkTo(target, inAnHour))
  t.deepEqual(createMediaLinks(['first-secret'], '').read(fresh, now), target)
  t.is(createMediaLinks(['second-secret'], '').read(fresh, now), null)
  t.is(createMediaLinks([], '').read(fresh, now), null)
})

test('nothing is sealed, nor taken for sealed, with an empty secret', (t) => {
  for (const secrets of [[''], ['first-secret', '']])
    t.throws(() => createMediaLinks(secrets, 'https://inbox.example'), { message: /nothing to seal/ })
  t.throws(() => createMediaLinks([], 'https://inbox.example').linkTo(target, inAnHour), {
    message: /no SESSION_SECRET/,
  })
})

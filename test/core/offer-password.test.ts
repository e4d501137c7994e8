import test from 'ava'
import { oneTimeTokens } from '../../src/adapters/security/one-time-tokens.ts'
import type { UserId } from '../../src/core/ids.ts'
import { addMember } from '../../src/core/member/add-member.ts'
import { offerPassword } from '../../src/core/member/offer-password.ts'
import type { CorePorts } from '../../src/ports/core-ports.ts'

const NOW = new Date('2026-03-01T12:00:00.000Z')
const DAY_MS = 86_400_000

/** One person is known; what was set, offered and hashed. */
function stage() {
  const set: { passwordHash: string }[] = []
  const offered: { expiresAt: Date; tokenHash: string }[] = []
  const hashed: string[] = []
  let ids = 0
  const accounts = {
    setPassword: async (email, change) => {
      if (email !== 'sam@example.com') return false
      set.push(change)
      return true
    },
    beginReset: async (email, reset) => {
      offered.push(reset)
      return email
    },
    addMember: async ({ email, name, userId, passwordHash, now }) => {
      const isNew = email !== 'sam@example.com'
      if (isNew) set.push({ passwordHash })
      return { id: isNew ? userId : ('sams-id' as UserId), email, name, createdAt: now }
    },
  } as Partial<CorePorts['accounts']> as CorePorts['accounts']
  const ports = {
    accounts,
    clock: { now: () => NOW, monotonicMs: () => 0 },
    ids: { next: () => `id-${++ids}`, derive: () => 'an-id' },
    oneTimeTokens,
    passwordHasher: {
      hash: async (password: string) => {
        hashed.push(password)
        return `hash of ${password}`
      },
      verify: async () => false,
      verifyDummy: async () => false as const,
    },
    settings: {
      publicUrl: 'https://inbox.example',
      organizationLimits: { channels: 1, members: 1, 'api-keys': 1 },
    } as CorePorts['settings'],
  }
  return { set, offered, hashed, offer: offerPassword(ports), add: addMember(ports) }
}

const member = { orgId: 'an-org' as never, name: 'Ann', role: 'AGENT' } as const

test('what an operator passes on is a link of 256 bits for a day, and no password that anybody knows', async (t) => {
  const { set, offered, hashed, offer } = stage()
  const [{ link }, other] = [await offer({ email: ' sam@example.com ' }), await offer({ email: 'sam@example.com' })]
  const [at, token = ''] = link.split('#')
  t.is(at, 'https://inbox.example/password-reset')
  t.regex(token, /^[\w-]{43}$/)
  t.not(other.link, link)
  t.deepEqual(offered[0]?.expiresAt, new Date(NOW.getTime() + DAY_MS))
  t.is(offered[0]?.tokenHash, oneTimeTokens.hash(token), 'kept as its hash')
  t.is(set.length, 2, 'the present password ends with it')
  t.is(new Set(hashed).size, 2)
  for (const unknowable of hashed) {
    t.regex(unknowable, /^[\w-]{43}$/)
    t.false(link.includes(unknowable))
  }
  t.like(await t.throwsAsync(offer({ email: 'nobody@example.com' })), { code: 'not-found' })
})

test('a member who is new chooses a password, unless the operator gave one; who was here keeps theirs', async (t) => {
  const { offered, hashed, add } = stage()
  const added = await add({ ...member, email: 'ann@example.com', password: null })
  t.regex(added.link ?? '', /^https:\/\/inbox\.example\/password-reset#[\w-]{43}$/)
  t.is((await add({ ...member, email: 'ben@example.com', password: 'a given password' })).link, null)
  t.is(hashed[1], 'a given password')
  t.is((await add({ ...member, email: 'sam@example.com', password: null })).link, null)
  t.is(offered.length, 1)
})

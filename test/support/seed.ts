import { createIdSource } from '../../src/adapters/ids.ts'
import { createAccountDirectory } from '../../src/adapters/persistence/account-directory.ts'
import { storesWith } from '../../src/adapters/persistence/stores/index.ts'
import type { Orm } from '../../src/adapters/persistence/transaction.ts'
import { createUnitOfWork } from '../../src/adapters/persistence/unit-of-work.ts'
import { createSecretBox } from '../../src/adapters/security/secret-box.ts'
import type { ChannelId, ExternalAccountId, MemberId, OrgId, UserId } from '../../src/core/ids.ts'
import type { UnitOfWork } from '../../src/ports/unit-of-work.ts'

export const ids = createIdSource()
export const testSecretBox = createSecretBox([{ id: 'test', key: new Uint8Array(32).fill(7) }])

export const unitOfWorkOn = (orm: Orm): UnitOfWork =>
  createUnitOfWork({ orm, makeStores: storesWith({ ids, secretBox: testSecretBox }) })

export type SeededOrganization = Readonly<{ orgId: OrgId; userId: UserId; memberId: MemberId; email: string }>

let people = 0

export async function seedOrganization(orm: Orm, name = 'Acme'): Promise<SeededOrganization> {
  const orgId = ids.next() as OrgId
  const userId = ids.next() as UserId
  const memberId = ids.next() as MemberId
  const email = `Owner-${++people}-${orgId.slice(-6)}@example.com`
  const user = { id: userId, email, name: 'Olive Owner', passwordHash: 'hash' }
  await createAccountDirectory({ orm }).create({
    org: { id: orgId, name },
    user,
    memberId,
    onlyIfFirst: false,
    now: new Date(),
  })
  return { orgId, userId, memberId, email }
}

export async function seedMember(
  orm: Orm,
  orgId: OrgId,
  name = 'Ann Agent',
  role: 'ADMIN' | 'AGENT' = 'AGENT',
): Promise<MemberId> {
  const memberId = ids.next() as MemberId
  const userId = ids.next() as UserId
  const email = `agent-${++people}-${userId.slice(-6)}@example.com`
  await createAccountDirectory({ orm }).addMember({
    orgId,
    memberId,
    userId,
    email,
    name,
    passwordHash: 'hash',
    role,
    now: new Date(),
  })
  return memberId
}

export type ChannelSeed = {
  type?: string
  platform?: string
  name?: string
  account?: string
  settings?: Record<string, unknown>
  secrets?: Record<string, string>
  now?: Date
}

export async function seedChannel(orm: Orm, orgId: OrgId, seed: ChannelSeed = {}): Promise<ChannelId> {
  const id = ids.next() as ChannelId
  await unitOfWorkOn(orm).run(orgId, ({ channels }) =>
    channels.add(
      {
        id,
        orgId,
        type: seed.type ?? 'INSTAGRAM',
        platform: seed.platform ?? 'INSTAGRAM',
        name: seed.name ?? 'Support',
        status: 'ACTIVE',
        account: (seed.account ?? `account-${id}`) as ExternalAccountId,
        settings: seed.settings ?? { pageId: 'page' },
        version: 1,
      },
      seed.secrets ?? { appSecret: 'app-secret', verifyToken: 'verify-token' },
      seed.now ?? new Date(),
    ),
  )
  return id
}

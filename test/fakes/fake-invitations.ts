import { randomUUID } from 'node:crypto'
import type { InvitationId, MemberId, OrgId } from '../../src/core/ids.ts'
import type { Role } from '../../src/core/member/permissions.ts'
import type { Invitations } from '../../src/ports/invitations.ts'
import type { InvitationView } from '../../src/ports/views.ts'

/** Invitations in memory, as the HTTP application reads them. */
export class FakeInvitations implements Pick<Invitations, 'page' | 'one'> {
  readonly views: InvitationView[] = []

  add(
    orgId: OrgId,
    { email, role }: { email: string; role: Role },
    invitedBy = randomUUID() as MemberId,
  ): InvitationId {
    const at = new Date('2026-11-22T08:00:00.000Z')
    const id = randomUUID() as InvitationId
    this.views.push({
      id,
      orgId,
      email,
      role,
      invitedBy,
      status: 'PENDING',
      letter: 'NONE',
      createdAt: at,
      expiresAt: at,
    })
    return id
  }

  remove(orgId: OrgId, id: InvitationId): boolean {
    const at = this.views.findIndex((one) => one.orgId === orgId && one.id === id)
    if (at >= 0) this.views.splice(at, 1)
    return at >= 0
  }

  async page(orgId: OrgId): ReturnType<Invitations['page']> {
    return { data: this.views.filter((one) => one.orgId === orgId), next: null }
  }

  async one(orgId: OrgId, id: InvitationId): Promise<InvitationView | null> {
    return this.views.find((one) => one.orgId === orgId && one.id === id) ?? null
  }
}

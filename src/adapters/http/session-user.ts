import type { OrgId, UserId } from '../../core/ids.ts'

/** What a session remembers of whom it belongs to. */
export type SessionUser = Readonly<{
  id: UserId
  /** What its person knows it by, under whatever id it goes on. It opens nothing. */
  name: string
  /** The organization that was shown last; membership is looked up for every request. */
  orgId: OrgId
  /** RFC 3339. Sessions that began before the person's last change of password are over. */
  startedAt: string
  /** RFC 3339. A login lasts until then, whatever happens in between. */
  expiresAt: string
  /** What the request said that began it, for a person to know their own sessions by. */
  agent?: string | null
  address?: string | null
}>

declare module 'express-session' {
  interface SessionData {
    /** Where passport keeps the user of a session. */
    passport?: { user?: SessionUser }
  }
}

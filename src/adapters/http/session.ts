import { createHmac, randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { Unavailable } from '../../core/errors.ts'
import type { OrgId, UserId } from '../../core/ids.ts'
import type { Core } from '../../core/index.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { ApiKeyHolder } from '../../ports/api-keys.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionRecord, SessionRecords } from '../../ports/session-records.ts'
import type { MembershipView, UserView } from '../../ports/views.ts'
import { hasBearer, isOfBrowser } from './csrf.ts'
import { RequestError } from './request-error.ts'
import { marked } from './security-refusals.ts'
import { HashedSessionStore, hashSessionId, lastUse, userOf } from './session-store.ts'
import type { SessionUser } from './session-user.ts'
import { signingSecret } from './signing-secret.ts'

/** Browsers take this name from this very host alone, over https and for all of its paths: no neighbour can set one. */
const HOST_COOKIE = '__Host-sid'
/** Where people reach us by plain HTTP, on a laptop. */
const PLAIN_COOKIE = 'sid'
const BEARER = /^bearer +([\w-]{20,128}) *$/i

/** Somebody who showed a valid session, or an API key. */
export type SignedIn = Readonly<{
  userId: UserId
  orgId: OrgId
  sid: string
  /** RFC 3339: when its password was given. */
  startedAt: string
  expiresAt: string | null
  carrier: 'bearer' | 'cookie'
  /** The API key that was shown in place of a session. */
  key: ApiKeyHolder | null
}>
export type LoggedIn = Readonly<{ user: UserView; memberships: readonly MembershipView[] }>

/** `accessToken` is null for a browser: what its cookie holds is for no script to read. */
export type Begun = Readonly<{ accessToken: string | null; expiresAt: string }>

export type Sessions = Readonly<{
  /** Reads the session the request carries, if any; `Unavailable` while the store is away. */
  load(req: Request, res: Response): Promise<void>
  /** Throws `unauthenticated` where there is none, or where it began before the person's password was changed. After `load`. */
  require(req: Request): Promise<SignedIn>
  /** The same without the need for one: null where there is none. */
  find(req: Request): Promise<SignedIn | null>
  /** Checks e-mail and password in the request's body; null if they do not match. */
  checkPassword(req: Request, res: Response): Promise<LoggedIn | null>
  /** A new session with a new id: what was known before the login is worth nothing. */
  start(req: Request, userId: UserId, orgId: OrgId): Promise<Begun>
  /**
   * The same session with another id and in another organization: its password is as old as it was, and so is its end. Of several at
   * once one moves it; throws `unauthenticated` where it has ended.
   */
  move(req: Request, signedIn: SignedIn, orgId: OrgId): Promise<Begun>
  /** The session that the request came with, told as one that has just begun. */
  asItIs(req: Request, signedIn: SignedIn): Begun
  end(req: Request, res: Response): Promise<void>
  /** Of whoever asks, the hundred that were used last, those first. */
  list(signedIn: SignedIn): Promise<Readonly<{ data: readonly OwnSession[]; hasMore: boolean }>>
  /** False where the person has no such session (any more). */
  revoke(signedIn: SignedIn, id: string): Promise<boolean>
  /** All of the person but the one that asks. */
  revokeOthers(signedIn: SignedIn): Promise<void>
  /** All of a person that are in this organization: how many. */
  endIn(orgId: OrgId, userId: UserId): Promise<number>
  /** Whether this session still stands for this person. */
  isAlive(sid: string, userId: UserId): Promise<boolean>
}>

/** A session as its person sees it; `id` opens nothing. */
export type OwnSession = Readonly<{
  id: string
  startedAt: string
  lastUsedAt: string
  expiresAt: string
  agent: string | null
  address: string | null
  isCurrent: boolean
}>

const MOST_LISTED = 100
const MAX_AGENT_LENGTH = 200
/** Somebody would have to be faster than us each time. */
const MOST_LOOKS = 1_000

type Deps = Readonly<{
  core: Pick<Core, 'logIn'>
  accounts: Pick<AccountDirectory, 'sessionsSince'>
  records: SessionRecords
  clock: Clock
  secrets: readonly string[]
  ttlMs: number
  idleMs: number
  publicUrl: string
}>

/** One session on the server with two carriers: the cookie, and its opaque id as a bearer token. */
export function createSessions({ core, accounts, records, clock, secrets, ttlMs, idleMs, publicUrl }: Deps): Sessions {
  const firstSecret = signingSecret(secrets)
  const store = new HashedSessionStore(records, clock, idleMs)
  // What browsers reach is known, whatever the last proxy speaks to us.
  const isHttps = publicUrl.startsWith('https:')
  const name = isHttps ? HOST_COOKIE : PLAIN_COOKIE
  const cookie = { httpOnly: true, sameSite: 'lax', secure: isHttps ? true : 'auto', path: '/' } as const
  const fromCookie = session({
    store,
    name,
    secret: [...secrets],
    resave: false,
    saveUninitialized: false,
    cookie: { ...cookie, maxAge: ttlMs },
  })
  const people = new passport.Passport()
  people.serializeUser<SessionUser>((user, done) => done(null, user as SessionUser))
  people.deserializeUser<SessionUser>((user, done) => done(null, user))
  people.use(
    new Strategy({ usernameField: 'email', session: false }, (email, password, done) => {
      core.logIn({ email, password }).then((found) => done(null, found ?? false), done)
    }),
  )
  const fromPassport = people.session() as RequestHandler
  // Asked of the accounts, not of the session store: it holds whatever store the sessions are in, and whether it answers.
  const stands = async ({ id, startedAt }: SessionUser): Promise<boolean> => {
    const since = await accounts.sessionsSince(id)
    return since === null || startedAt >= since.toISOString()
  }

  const find: Sessions['find'] = async (req) => {
    const user = req.session?.passport?.user
    if (user === undefined || !(await stands(user))) return null
    const carrier = hasBearer(req.headers) ? 'bearer' : 'cookie'
    const { id, orgId, startedAt, expiresAt } = user
    return { userId: id, orgId, sid: req.sessionID, startedAt, expiresAt, carrier, key: null }
  }
  const refused = (req: Request, why: string) => {
    const shown = hasBearer(req.headers) ? 'token' : req.headers.cookie?.includes(`${name}=`) ? 'cookie' : 'nothing'
    return marked(new RequestError('unauthenticated', why), 'session.refused', { shown })
  }
  const standing = async (userId: UserId): Promise<readonly SessionRecord[]> => {
    const since = (await accounts.sessionsSince(userId))?.toISOString() ?? ''
    return (await store.ofUser(userId)).filter((record) => (userOf(record)?.startedAt ?? '') >= since)
  }
  // Until none is left: one that was listed may have gone on under another id before its turn.
  const endAll = async (userId: UserId, which: (record: SessionRecord) => boolean): Promise<number> => {
    let ended = 0
    for (let look = 0; look < MOST_LOOKS; look++) {
      const left = (await store.ofUser(userId)).filter(which)
      if (left.length === 0) return ended
      for (const { idHash } of left) if (await store.destroyHashed(idHash)) ended++
    }
    throw new Unavailable('Sessions go on under other ids as fast as they are ended. Try again shortly.')
  }

  return {
    async load(req, res) {
      if (isHttps) Object.defineProperty(req, 'secure', { value: true })
      bearerToCookie(req, name, firstSecret)
      await run(fromCookie, req, res)
      await run(fromPassport, req, res)
    },

    async require(req) {
      const signedIn = await find(req)
      if (signedIn !== null) return signedIn
      throw refused(req, 'The request carries no valid session.')
    },

    find,

    checkPassword: (req, res) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown, found: LoggedIn | false | null | undefined) =>
          error ? reject(error) : resolve(found || null)
        const check = people.authenticate('local', { session: false }, done) as RequestHandler
        void check(req, res, reject)
      }),

    async start(req, userId, orgId) {
      const now = clock.now()
      const expiresAt = new Date(now.getTime() + ttlMs).toISOString()
      const agent = req.headers['user-agent']?.slice(0, MAX_AGENT_LENGTH) ?? null
      const from = { agent, address: req.ip || null }
      const user = { id: userId, name: randomUUID(), orgId, startedAt: now.toISOString(), expiresAt, ...from }
      return begin(req, user)
    },

    asItIs: (req, { expiresAt }) => begun(req, { expiresAt: endOf(expiresAt) }),

    async move(req, { sid, userId, startedAt, ...signedIn }, orgId) {
      const expiresAt = endOf(signedIn.expiresAt)
      const { name = randomUUID(), agent = null, address = null } = req.session.passport?.user ?? {}
      const before = req.session
      req.sessionStore.generate(req)
      const user: SessionUser = { id: userId, name, orgId, startedAt, expiresAt, agent, address }
      req.session.passport = { user }
      let isMoved = false
      try {
        isMoved = await store.move(sid, req.sessionID, req.session, userId)
      } finally {
        // Else the answer would write what was not made.
        if (!isMoved) Object.assign(req, { session: before, sessionID: sid })
      }
      if (!isMoved) throw refused(req, 'The session has ended meanwhile, or goes on under another id. Sign in again.')
      return begun(req, user)
    },

    async end(req, res) {
      await new Promise<void>((resolve, reject) =>
        req.session.destroy((error: unknown) => (error ? reject(error) : resolve())),
      )
      res.clearCookie(name, { ...cookie, secure: req.secure })
    },

    async list({ userId, sid }) {
      const current = hashSessionId(sid)
      const all = (await standing(userId))
        .map((record) => ownSession(record, record.idHash === current))
        .toSorted((a, b) => b.lastUsedAt.localeCompare(a.lastUsedAt) || a.id.localeCompare(b.id))
      return { data: all.slice(0, MOST_LISTED), hasMore: all.length > MOST_LISTED }
    },

    async revoke({ userId }, id) {
      return (await endAll(userId, (record) => userOf(record)?.name === id)) > 0
    },

    async revokeOthers({ userId, sid }) {
      const current = hashSessionId(sid)
      await endAll(userId, ({ idHash }) => idHash !== current)
    },

    endIn: (orgId, userId) => endAll(userId, (record) => userOf(record)?.orgId === orgId),

    async isAlive(sid, userId) {
      const user = await store.user(sid)
      return user !== null && user.id === userId && (await stands(user))
    },
  }
}

function ownSession(record: SessionRecord, isCurrent: boolean): OwnSession {
  const { name = '', startedAt = '', expiresAt = '', agent = null, address = null } = userOf(record) ?? {}
  const lastUsedAt = lastUse(record)?.toISOString() ?? startedAt
  return { id: name, startedAt, lastUsedAt, expiresAt, agent, address, isCurrent }
}

async function begin(req: Request, user: SessionUser): Promise<Begun> {
  await new Promise<void>((resolve, reject) => req.logIn(user, (error: unknown) => (error ? reject(error) : resolve())))
  return begun(req, user)
}

/** Only a key is without an end. */
function endOf(expiresAt: string | null): string {
  if (expiresAt === null) throw new Error('a key is no session')
  return expiresAt
}

function begun(req: Request, user: Pick<SessionUser, 'expiresAt'>): Begun {
  return { accessToken: isOfBrowser(req.headers) ? null : req.sessionID, expiresAt: user.expiresAt }
}

/** The token becomes the signed cookie that express-session expects; the header wins over a cookie beside it. */
function bearerToCookie(req: Request, name: string, secret: string): void {
  if (!hasBearer(req.headers)) return
  const sid = BEARER.exec(req.headers.authorization ?? '')?.[1]
  if (sid === undefined) {
    delete req.headers.cookie
    return
  }
  const signature = createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, '')
  req.headers.cookie = `${name}=${encodeURIComponent(`s:${sid}.${signature}`)}`
}

const run = (middleware: RequestHandler, req: Request, res: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    void middleware(req, res, (error?: unknown) => (error ? reject(error) : resolve()))
  })

import { createHmac } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-local'
import type { OrgId, UserId } from '../../core/ids.ts'
import type { Core } from '../../core/index.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionRecords } from '../../ports/session-records.ts'
import type { MembershipView, UserView } from '../../ports/views.ts'
import { hasBearer } from './csrf.ts'
import { RequestError } from './request-error.ts'
import { HashedSessionStore } from './session-store.ts'
import type { SessionUser } from './session-user.ts'

const COOKIE = 'sid'
const BEARER = /^bearer +([\w-]{20,128}) *$/i

/** Somebody who showed a valid session. */
export type SignedIn = Readonly<{
  userId: UserId
  orgId: OrgId
  sid: string
  /** RFC 3339: when its password was given. */
  startedAt: string
  expiresAt: string
  carrier: 'bearer' | 'cookie'
}>
export type LoggedIn = Readonly<{ user: UserView; memberships: readonly MembershipView[] }>

export type Sessions = Readonly<{
  /** Reads the session the request carries, if any; `Unavailable` while the store is away. */
  load(req: Request, res: Response): Promise<void>
  /** Throws `unauthenticated` where there is none, or where it began before the person's password was changed. After `load`. */
  require(req: Request): Promise<SignedIn>
  /** Checks e-mail and password in the request's body; null if they do not match. */
  checkPassword(req: Request, res: Response): Promise<LoggedIn | null>
  /** A new session with a new id: what was known before the login is worth nothing. */
  start(req: Request, userId: UserId, orgId: OrgId): Promise<{ accessToken: string; expiresAt: string }>
  end(req: Request, res: Response): Promise<void>
  /** Whether this session still stands for this person. */
  isAlive(sid: string, userId: UserId): Promise<boolean>
}>

type Deps = Readonly<{
  core: Pick<Core, 'logIn'>
  accounts: Pick<AccountDirectory, 'sessionsSince'>
  records: SessionRecords
  clock: Clock
  secrets: readonly string[]
  ttlMs: number
}>

/** One session on the server with two carriers: the cookie, and its opaque id as a bearer token. */
export function createSessions({ core, accounts, records, clock, secrets, ttlMs }: Deps): Sessions {
  const [signingSecret] = secrets
  if (signingSecret === undefined) throw new Error('sessions need a secret')
  const store = new HashedSessionStore(records, clock)
  const cookie = { httpOnly: true, sameSite: 'lax', secure: 'auto', path: '/' } as const
  const fromCookie = session({
    store,
    name: COOKIE,
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

  return {
    async load(req, res) {
      bearerToCookie(req, signingSecret)
      await run(fromCookie, req, res)
      await run(fromPassport, req, res)
    },

    async require(req) {
      const user = req.session?.passport?.user
      if (user === undefined || !(await stands(user))) {
        throw new RequestError('unauthenticated', 'The request carries no valid session.')
      }
      const carrier = hasBearer(req.headers) ? 'bearer' : 'cookie'
      const { id, orgId, startedAt, expiresAt } = user
      return { userId: id, orgId, sid: req.sessionID, startedAt, expiresAt, carrier }
    },

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
      const user: SessionUser = { id: userId, orgId, startedAt: now.toISOString(), expiresAt }
      await new Promise<void>((resolve, reject) =>
        req.logIn(user, (error: unknown) => (error ? reject(error) : resolve())),
      )
      return { accessToken: req.sessionID, expiresAt }
    },

    async end(req, res) {
      await new Promise<void>((resolve, reject) =>
        req.session.destroy((error: unknown) => (error ? reject(error) : resolve())),
      )
      res.clearCookie(COOKIE, { ...cookie, secure: req.secure })
    },

    async isAlive(sid, userId) {
      const user = await store.user(sid)
      return user !== null && user.id === userId && (await stands(user))
    },
  }
}

/** The token becomes the signed cookie that express-session expects; the header wins over a cookie beside it. */
function bearerToCookie(req: Request, secret: string): void {
  if (!hasBearer(req.headers)) return
  const sid = BEARER.exec(req.headers.authorization ?? '')?.[1]
  if (sid === undefined) {
    delete req.headers.cookie
    return
  }
  const signature = createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, '')
  req.headers.cookie = `${COOKIE}=${encodeURIComponent(`s:${sid}.${signature}`)}`
}

const run = (middleware: RequestHandler, req: Request, res: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    void middleware(req, res, (error?: unknown) => (error ? reject(error) : resolve()))
  })

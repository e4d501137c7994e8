import type { Request, Response } from 'express'
import type { Actor } from '../../core/actor.ts'
import type { Contract } from './contract.ts'
import type { Cursors } from './cursor.ts'
import type { EventStreams } from './event-stream/event-streams.ts'
import type { HttpDeps } from './http-deps.ts'
import type { HttpMetrics } from './metrics.ts'
import type { SecurityLog } from './security-log.ts'
import type { Sessions, SignedIn } from './session.ts'

/** A request that was found to follow the contract: `params` and `query` have its types, defaults are filled in. */
export type Call = Readonly<{
  req: Request
  res: Response
  requestId: string
  params: Readonly<Record<string, unknown>>
  query: Readonly<Record<string, unknown>>
  headers: Readonly<Record<string, unknown>>
  body: unknown
}>
export type SignedInCall = Call & Readonly<{ signedIn: SignedIn }>
export type MemberCall = SignedInCall & Readonly<{ actor: Actor }>

export type Answer = Readonly<{
  status: number
  /** Sent as JSON, unless `type` says otherwise. */
  body?: unknown
  type?: string
  headers?: Readonly<Record<string, string>>
}>

/** What operations are made from. */
export type OperationDeps = Omit<HttpDeps, 'sessions' | 'metrics' | 'wakeups' | 'contract'> &
  Readonly<{
    contract: Contract
    cursors: Cursors
    sessions: Sessions
    metrics: HttpMetrics
    registryText: HttpDeps['metrics']
    streams: EventStreams
    security: SecurityLog
    /** Whether the application is on its way out. */
    isClosing(): boolean
  }>

type Handle<C extends Call> = (call: C) => Promise<Answer | 'handled'> | Answer

/**
 * An operation of the contract: what it needs to know of who calls, and what it does. Which permission it takes is said by the
 * contract alone. `handled`: it wrote the answer itself.
 */
export type Operation =
  | Readonly<{ access: 'public'; make: (deps: OperationDeps) => Handle<Call> }>
  /** Begins a session, so the store has to be there. */
  | Readonly<{ access: 'sign-in'; make: (deps: OperationDeps) => Handle<Call> }>
  | Readonly<{ access: 'signed-in'; make: (deps: OperationDeps) => Handle<SignedInCall> }>
  | Readonly<{ access: 'member'; make: (deps: OperationDeps) => Handle<MemberCall> }>

type Make<C extends Call> = (deps: OperationDeps) => Handle<C>

export const forEverybody = (make: Make<Call>) => ({ access: 'public', make }) as const satisfies Operation
export const forSigningIn = (make: Make<Call>) => ({ access: 'sign-in', make }) as const satisfies Operation
export const forSignedIn = (make: Make<SignedInCall>) => ({ access: 'signed-in', make }) as const satisfies Operation
/** For active members of the organization in the path who have the permission that the contract names. */
export const forMembers = (make: Make<MemberCall>) => ({ access: 'member', make }) as const satisfies Operation

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body,
  headers,
})
export const nothing = (): Answer => ({ status: 204 })

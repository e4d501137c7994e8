import type { ActionRequest } from '../instagram-simulator/kinds.ts'

/** The business itself, or Meta, where it is nobody's. */
export const THE_ACCOUNT = 'the account'

export type TicketKind = 'DM' | 'COMMENT' | 'MENTION'
type More = Readonly<Record<string, unknown>>

export type Act = Readonly<{
  who: string
  does: string
  text?: string
  message?: string
  answers?: string
  as?: string
  ago?: string
  becomes?: string
  with?: Omit<ActionRequest, 'action'>
}>
export type AgentStep = Readonly<{
  agent: 'reply' | 'resolve' | 'reopen'
  to: string
  ticket?: TicketKind
  text?: string
  as?: string
  until?: string
  refused?: string
  with?: More
}>
export type FaultStep = Readonly<{ fault: string; on?: string; times?: number | 'always'; with?: More }>
export type Expectations = Readonly<{
  tickets?: number
  customers?: number
  notifications?: number
  ticket?: Readonly<{ of: string; kind?: TicketKind; is: More }>
  messages?: Readonly<{ of: string; kind?: TicketKind; are: readonly More[] }>
  message?: Readonly<{ named: string; is: More }>
  phone?: Readonly<{ of: string; shows: readonly More[] }>
}>

export type Step =
  | Act
  | Readonly<{ together: readonly Act[] }>
  | AgentStep
  | FaultStep
  | Readonly<{ expect: Expectations }>

export type Scenario = Readonly<{
  name: string
  about: string
  account?: Readonly<{ username?: string; name?: string; humanAgent?: boolean }>
  channel?: More
  people: Readonly<Record<string, Readonly<{ username?: string; name?: string }>>>
  steps: readonly Step[]
}>

/** A scenario, and the line of the file each step begins at. */
export type Loaded = Readonly<{ scenario: Scenario; lines: readonly number[]; file: string }>

export const isAct = (step: Step): step is Act => 'who' in step

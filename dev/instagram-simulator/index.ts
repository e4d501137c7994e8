export type { CommentOptions, Options } from './actions.ts'
export type { AnswerFault, EchoFault, Fault, FaultScope, WebhookFault } from './faults.ts'
export type { Ledger } from './ledger.ts'
export type { RouteKind } from './route-kind.ts'
export { createInstagramSimulator, type InstagramSimulator, type SimulatorOptions } from './simulator.ts'
export type {
  AccountOptions,
  CustomerOptions,
  Gesture,
  GraphCall,
  Login,
  PhoneMessage,
  SimulatedAccount,
  SimulatedCustomer,
  Webhook,
} from './types.ts'
export { item as messagingItem, messagingBody } from './webhook-bodies.ts'
export { signatureHeaders, toWire } from './wire.ts'

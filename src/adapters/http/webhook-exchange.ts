import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Failpoint } from '../../config/failpoints.ts'
import type { ChannelId } from '../../core/ids.ts'
import type { Core } from '../../core/index.ts'
import type { Logger } from '../../ports/logger.ts'
import { callerAddress } from './caller-address.ts'
import type { WebhookMetrics } from './metrics.ts'
import type { ProblemCode } from './problem.ts'
import { networkOf } from './rate-limits.ts'
import type { SecurityLog } from './security-log.ts'
import { problemFor, writeProblem } from './send-problem.ts'
import type { Place, WebhookLimits } from './webhook-room.ts'

export type WebhookDeps = Readonly<{
  core: Pick<Core, 'acceptWebhook' | 'answerHandshake' | 'acceptAppWebhook' | 'answerAppHandshake' | 'takeWithdrawal'>
  /** For the status page of a data deletion. */
  receipts: Readonly<{ publicUrl: string; secrets: readonly string[] }>
  log: Logger
  security: Pick<SecurityLog, 'refusedAtDoor'>
  /** How many proxies in front are believed. */
  trustedProxies: number
  metrics: WebhookMetrics
  failpoint: Failpoint | null
  limits: WebhookLimits
  room: Readonly<{ enter(): Place }>
}>

/** One call on the platforms' door, before and without Express. */
export type WebhookExchange = Readonly<{
  req: IncomingMessage
  res: ServerResponse
  /** As it came; null where it has not even the form of one. */
  channelId: ChannelId | null
  /** Of the app, where the address is one that all its accounts share. */
  appName: string | null
  /** As it came, for the platform's own reading. */
  query: string
  requestId: string
  /** What every answer has, as a flat list. */
  headers: readonly string[]
}>

export type WebhookOperation = Readonly<{
  access: 'raw'
  make: (deps: WebhookDeps) => (exchange: WebhookExchange) => Promise<void>
}>

export const PLAIN_TEXT = 'text/plain; charset=utf-8'

/** What the platform did not sign, or knows no token of: a cause for each channel or app, since networks are without number. */
export function refuseForged(
  { security, trustedProxies }: Pick<WebhookDeps, 'security' | 'trustedProxies'>,
  exchange: WebhookExchange,
  event: 'signature.refused' | 'verify-token.refused',
  what: string,
): void {
  const { req, channelId, appName, requestId } = exchange
  const fields = () => ({
    requestId,
    ...(appName === null ? { channelId } : { appName }),
    what,
    network: networkOf(callerAddress(req, trustedProxies)),
  })
  security.refusedAtDoor(event, fields, `${what} ${channelId ?? appName}`)
}

export function refuse({ req, res, requestId, headers }: WebhookExchange, code: ProblemCode): void {
  writeProblem(res, problemFor(req, requestId, code), headers)
}

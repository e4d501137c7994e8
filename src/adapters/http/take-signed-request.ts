import type { WithdrawalInput } from '../../core/channel/take-withdrawal.ts'
import { setHeaders } from './bare-headers.ts'
import { discardRest, readRawBody } from './raw-body.ts'
import { receiptCode } from './receipt-code.ts'
import { refuse, refuseForged, type WebhookOperation } from './webhook-exchange.ts'

const MAX_BYTES = 16 * 1024
/** How much of a refused one is still read, so that its sender gets to see the answer. */
const MAX_DISCARDED_BYTES = 2 * 1024 * 1024

const REFUSALS = {
  'unknown-channel': 'not-found',
  'no-secret': 'no-webhook-secret',
  'bad-signature': 'bad-signature',
} as const

/** A form with one signed field, small, and unlike a delivery done with before it is answered. */
export const takeSignedRequest = (kind: WithdrawalInput['kind']): WebhookOperation => ({
  access: 'raw',
  make: (deps) => {
    const { core, metrics, receipts } = deps
    return async (exchange) => {
      const { req, res, appName, requestId } = exchange
      const body = await readRawBody(req, MAX_BYTES)
      if (body === 'aborted') return metrics.count('aborted')
      if (body === 'too-large') {
        metrics.count('too-large')
        refuse(exchange, 'payload-too-large')
        return discardRest(req, MAX_DISCARDED_BYTES)
      }
      const answer =
        appName === null
          ? ({ status: 'unknown-channel' } as const)
          : await core.takeWithdrawal({ name: appName, kind, body, requestId })
      metrics.count(answer.status)
      if (answer.status === 'bad-signature') refuseForged(deps, exchange, 'signature.refused', kind)
      if (answer.status !== 'accepted') return refuse(exchange, REFUSALS[answer.status])
      const code = receiptCode(answer.receipt, receipts.secrets)
      const told =
        kind === 'deauthorize'
          ? { success: true }
          : { url: `${receipts.publicUrl}/data-deletion/${code}`, confirmation_code: code }
      setHeaders(res, exchange.headers)
      res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-request-id': requestId })
      res.end(JSON.stringify(told))
    }
  },
})

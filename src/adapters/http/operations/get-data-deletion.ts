import { NotFound } from '../../../core/errors.ts'
import { limit } from '../limited.ts'
import { forEverybody, json } from '../operation.ts'
import { escapeHtml, page } from '../pages/page.ts'
import { prefersHtml } from '../pages/prefers-html.ts'
import { readReceiptCode } from '../receipt-code.ts'
import { marked } from '../security-refusals.ts'

const RETENTION =
  'What people wrote to the account belongs to the organization that answers there, which keeps or deletes it by its own rules: ask it.'

export const getDataDeletion = forEverybody(({ rateLimits, secrets }) => async ({ req, res, params }) => {
  const ip = req.ip ?? ''
  limit(res, await rateLimits.takeLink(ip))
  const receipt = readReceiptCode(String(params['code']), secrets.sessionSecrets)
  if (receipt === null) throw marked(new NotFound('request'), 'deletion-code.refused')
  await rateLimits.forgiveLink(ip)
  const { at, connections } = receipt
  const detail =
    connections > 0
      ? `${connections === 1 ? 'The account was' : `${connections} accounts were`} disconnected, and the access token deleted at once. ${RETENTION}`
      : `No connection of this account was found that is older than the request, so there was no access token to delete. ${RETENTION}`
  if (!prefersHtml(req)) return json(200, { requestedAt: at, connections, detail })
  const body = `<h1>Data deletion</h1>\n<p>${escapeHtml(detail)}</p>\n<p class="soft">Requested at ${at.toISOString()}.</p>`
  return { status: 200, type: 'text/html', body: page('Data deletion', body) }
})

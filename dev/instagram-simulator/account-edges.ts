import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import type { SimulatedAccount } from './types.ts'
import type { World } from './world.ts'

/** Meta may give fewer than asked for; here it always does, so that whoever reads one list only is found out. */
const PAGES_AT_ONCE = 2

/** What a Page can be subscribed to; Instagram's own names are refused for it. */
const PAGE_FIELDS = [
  'feed',
  'messages',
  'message_reactions',
  'messaging_postbacks',
  'messaging_referrals',
  'messaging_handovers',
  'messaging_optins',
  'standby',
]

/** `GET`, `POST` and `DELETE …/subscribed_apps`. */
export function subscriptions(
  world: World,
  account: SimulatedAccount,
  method: string,
  form: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
): Answer {
  if (method === 'DELETE') {
    world.subscriptions.delete(account.id)
    return { status: 200, body: { success: true } }
  }
  if (method === 'GET') {
    const fields = world.subscriptions.get(account.id)
    const data = fields ? [{ id: account.appId, name: 'Simulated app', subscribed_fields: fields }] : []
    return { status: 200, body: { data } }
  }
  const given = body['subscribed_fields'] ?? form.get('subscribed_fields') ?? ''
  const fields = Array.isArray(given) ? given.map(String) : String(given).split(',').filter(Boolean)
  const wrong = account.login === 'facebook' ? fields.findIndex((field) => !PAGE_FIELDS.includes(field)) : -1
  if (fields.length === 0 || wrong !== -1) {
    const message = `(#100) Param subscribed_fields[${Math.max(0, wrong)}] must be one of {${PAGE_FIELDS.join(', ')}}`
    return refuse(account.login, { code: 100, message })
  }
  world.subscriptions.set(account.id, fields)
  return { status: 200, body: { success: true } }
}

/** `GET /me/accounts` of the person who logged in: every Page of the app, and one that has no account. */
export function listPages(world: World, { appId, pageId }: SimulatedAccount, query: URLSearchParams): Answer {
  const accounts = [...world.accounts.values()].filter((one) => one.appId === appId && one.login === 'facebook')
  const pages = [
    { id: `${pageId}0`, name: 'Page without an account', access_token: 'EAAnone', tasks: ['MANAGE'] },
    ...accounts.map((account) => ({
      id: account.pageId,
      name: account.name,
      access_token: account.accessToken,
      instagram_business_account: { id: account.id, username: account.username },
      tasks: ['MESSAGING', 'MODERATE', 'MANAGE'],
    })),
  ]
  const from = Number(query.get('after') ?? 0)
  const until = from + Math.min(PAGES_AT_ONCE, Number(query.get('limit') ?? PAGES_AT_ONCE))
  const cursors = { before: String(from), after: String(until) }
  const next = until < pages.length ? { next: 'https://graph.facebook.com/me/accounts?after=simulated' } : {}
  return { status: 200, body: { data: pages.slice(from, until), paging: { cursors, ...next } } }
}

import type { World } from './world.ts'

/** The calls of the Graph API as faults tell them apart, and what goes the other way, `webhook`. */
export const ROUTE_KINDS = [
  'send',
  'sender-action',
  'upload',
  /** Meta's own download of the link in a message or an upload: whoever simulates it takes the fault there. */
  'media-fetch',
  'profile',
  'account',
  'pages',
  'media',
  /** Reading, answering, hiding and deleting comments, and mentions. */
  'comments',
  /** Lists of conversations, one of them, and the messages in it. */
  'conversations',
  'subscribed-apps',
  'code-exchange',
  'token-exchange',
  'token-refresh',
  'debug-token',
  'webhook',
  'other',
] as const

export type RouteKind = (typeof ROUTE_KINDS)[number]

export const isRouteKind = (value: string): value is RouteKind => (ROUTE_KINDS as readonly string[]).includes(value)

const EDGES: Readonly<Record<string, RouteKind>> = {
  messages: 'send',
  message_attachments: 'upload',
  conversations: 'conversations',
  subscribed_apps: 'subscribed-apps',
  accounts: 'pages',
  media: 'media',
  comments: 'comments',
  replies: 'comments',
  mentions: 'comments',
}

const OAUTH: Readonly<Record<string, RouteKind>> = {
  'POST oauth/access_token': 'code-exchange',
  'GET access_token': 'token-exchange',
  'GET oauth/access_token': 'token-exchange',
  'GET refresh_access_token': 'token-refresh',
  'GET debug_token': 'debug-token',
}

/** Null for a call that is none of the login's. Facebook exchanges codes by GET. */
export function oauthKind(call: string, form: URLSearchParams): RouteKind | null {
  if (call === 'GET oauth/access_token' && form.has('code')) return 'code-exchange'
  return OAUTH[call] ?? null
}

/** By node and edge, whether the simulator has the route or not. */
export function routeKind(
  { customers, media, accounts }: World,
  method: string,
  [node = '', edge]: readonly string[],
  body: Readonly<Record<string, unknown>>,
): RouteKind {
  if (edge === 'messages') return method === 'GET' ? 'conversations' : body['sender_action'] ? 'sender-action' : 'send'
  if (edge !== undefined) return EDGES[edge] ?? 'other'
  if (
    node === 'me' ||
    [...accounts.values()].some(({ id, pageId, appScopedId }) => [id, pageId, appScopedId].includes(node))
  )
    return 'account'
  if (customers.has(node)) return 'profile'
  if (media.has(node)) return 'media'
  // Ids of messages and conversations are the only ones with letters.
  return /\D/.test(node) ? 'conversations' : 'comments'
}

import type { ChannelAccount } from '../../core/channel/delivery.ts'

export type GraphTarget = Readonly<{ flavour: 'instagram' | 'facebook'; node: string; token: string }>

// Visible ASCII: whatever else a token holds, fetch would quote the whole of it in its error.
const TOKEN = /^[\x21-\x7e]+$/

/** An id as one segment of a path: never a step up, never a throw. */
export const pathSegment = (id: string): string =>
  /^\.{1,2}$/.test(id) ? 'unusable-id' : encodeURIComponent(id.toWellFormed())

/**
 * Where and as whom to call; null without a usable token. With Facebook Login the node is the Page: messages to the
 * account's id are refused there with `(#3)`. `me` is the Page that the token belongs to.
 */
export function graphTarget({
  account,
  settings,
  secrets,
}: Pick<ChannelAccount, 'account' | 'settings' | 'secrets'>): GraphTarget | null {
  const token = secrets['accessToken'] ?? ''
  if (!TOKEN.test(token)) return null
  if (settings['login'] !== 'facebook') return { flavour: 'instagram', node: pathSegment(account), token }
  const pageId = settings['facebookPageId']
  return {
    flavour: 'facebook',
    node: typeof pageId === 'string' && pageId !== '' ? pathSegment(pageId) : 'me',
    token,
  }
}

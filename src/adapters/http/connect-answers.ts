import type { Request } from 'express'
import type { Connected } from '../../core/channel/finish-connect.ts'
import { channelJson } from './channel-json.ts'
import { type Answer, json, type OperationDeps } from './operation.ts'
import { choicePage, connectedPage } from './pages/connect-pages.ts'
import { prefersHtml } from './pages/prefers-html.ts'

/** What came of a login: a page for a browser, JSON for everything else. */
export function connectedAnswer(
  req: Request,
  login: string,
  outcome: Connected,
  { config, registry }: Pick<OperationDeps, 'config' | 'registry'>,
): Answer {
  if (outcome.status === 'choose') {
    const { choice, accounts, expiresAt } = outcome
    return prefersHtml(req)
      ? page(choicePage(login, choice, accounts))
      : json(200, { status: 'CHOOSE', choice, accounts, expiresAt })
  }
  const { channel, isNew } = outcome
  if (prefersHtml(req)) return page(connectedPage(channel.name, isNew))
  return json(200, {
    status: isNew ? 'CONNECTED' : 'RECONNECTED',
    channel: channelJson(channel, { publicUrl: config.publicUrl, registry }),
  })
}

const page = (body: string): Answer => ({ status: 200, type: 'text/html', body })

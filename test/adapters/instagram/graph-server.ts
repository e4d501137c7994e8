import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { ChannelAccount, OutboundMessage } from '../../../src/core/channel/delivery.ts'
import { textContent } from '../../../src/core/channel/outbound-content.ts'
import type { ChannelId, ExternalAccountId, ExternalMessageId, ExternalUserId, OrgId } from '../../../src/core/ids.ts'

export type GraphCall = Readonly<{ method: string; url: string; headers: IncomingMessage['headers']; body: string }>
export type GraphServer = Readonly<{ url: string; calls: GraphCall[]; stop: () => Promise<void> }>
type Answer = (response: ServerResponse, socket: Socket) => void

/** A Graph API that says one thing, and remembers what it was asked. */
export async function startGraphServer(answer: Answer): Promise<GraphServer> {
  const calls: GraphCall[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      calls.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      answer(response, request.socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

export const TOKEN = 'IGAAplantedtoken4711'

export const account = (given: { settings?: object; secrets?: Record<string, string> } = {}): ChannelAccount => ({
  orgId: 'org' as OrgId,
  channelId: 'channel' as ChannelId,
  account: '17841455500000011' as ExternalAccountId,
  settings: { pageId: '17841455500000011', ...given.settings },
  secrets: given.secrets ?? { accessToken: TOKEN },
})

export const toPerson = (text = 'Thank you!'): OutboundMessage => ({
  recipient: { type: 'person', externalId: '2100000000000345' as ExternalUserId },
  content: textContent(text),
  replyTo: null,
  asHumanAgent: false,
  reference: 'ref-1',
  requestId: 'req-1',
})

export const toComment = (): OutboundMessage => ({
  ...toPerson(),
  recipient: { type: 'comment', externalId: '17977000000000001' as ExternalMessageId },
})

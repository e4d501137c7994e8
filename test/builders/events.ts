import type { EchoReceived, InboundEvent, MessageReceived, Thread } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, ExternalUserId, RawEventId } from '../../src/core/ids.ts'
import type { IngestItem } from '../../src/core/message/ingest.ts'

/** Far from any real clock, on purpose. */
export const T0 = new Date('2026-03-01T12:00:00.000Z')
export const minutes = (count: number): Date => new Date(T0.getTime() + count * 60_000)

export const aThread = (person = 'ann'): Thread => ({
  surface: 'DM',
  key: person,
  person: { externalId: person as ExternalUserId, username: null, name: null },
})

export const aMessage = (
  change: Partial<Omit<MessageReceived, 'externalId'>> & { externalId?: string } = {},
): MessageReceived => ({
  type: 'message',
  thread: aThread(),
  kind: 'TEXT',
  text: 'Hello',
  attachments: [],
  context: null,
  replyToExternalId: null,
  opensWindow: true,
  referral: null,
  at: T0,
  ...change,
  externalId: (change.externalId ?? 'm1') as ExternalMessageId,
})

export const anEcho = (
  change: Partial<Omit<EchoReceived, 'externalId'>> & { externalId?: string } = {},
): EchoReceived => ({
  type: 'echo',
  via: 'PLATFORM_APP',
  thread: aThread(),
  kind: 'TEXT',
  text: 'Good day',
  attachments: [],
  context: null,
  replyToExternalId: null,
  at: T0,
  ...change,
  externalId: (change.externalId ?? 'e1') as ExternalMessageId,
})

export const anUnsend = (externalId: string, at: Date = T0): InboundEvent => ({
  type: 'unsend',
  externalId: externalId as ExternalMessageId,
  at,
})

export const anEdit = (externalId: string, text: string, revision: number, at: Date = T0): InboundEvent => ({
  type: 'edit',
  externalId: externalId as ExternalMessageId,
  text,
  revision,
  at,
})

export const anItem = (event: InboundEvent): IngestItem => ({
  event,
  delivery: { id: '0190a000-0000-7000-8000-000000000001' as RawEventId, verified: true, requestId: 'test-request' },
})

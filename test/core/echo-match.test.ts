import test from 'ava'
import type { AttachmentType } from '../../src/core/channel/content.ts'
import type { PartKind } from '../../src/core/channel/outbound-content.ts'
import type { MessageId, PartId, TicketId } from '../../src/core/ids.ts'
import { partOfEcho } from '../../src/core/message/echo-match.ts'
import type { InFlight } from '../../src/ports/intake-store.ts'
import { anEcho, minutes, T0 } from '../builders/events.ts'

const part = (id: string, change: Partial<InFlight> = {}): InFlight => ({
  partId: id as PartId,
  messageId: `message of ${id}` as MessageId,
  ticketId: 'ticket' as TicketId,
  status: 'UNKNOWN',
  others: [],
  kind: 'TEXT',
  text: 'ok',
  attachmentType: null,
  sentAt: T0,
  startedAt: T0,
  ...change,
})
const media = (id: string, kind: PartKind, attachmentType: AttachmentType | null = null) =>
  part(id, { kind, text: null, attachmentType })
const attached = (...types: AttachmentType[]) => ({
  text: null,
  attachments: types.map((type) => ({ type, url: null, title: null, platformType: null })),
})
const found = (parts: readonly InFlight[], echo: Parameters<typeof anEcho>[0]) =>
  partOfEcho(parts, anEcho({ at: T0, ...echo }))?.partId ?? null

test('of two that say the same, an echo is of the one that began nearest to it', (t) => {
  const parts = [part('first'), part('second', { status: 'SENDING', startedAt: minutes(3) })]
  t.is(String(found(parts, { text: 'ok', at: minutes(0.1) })), 'first')
  t.is(String(found(parts, { text: 'ok', at: minutes(3.1) })), 'second')
})

test('words are told by the words, media by their type, templates and stickers by being neither', (t) => {
  const parts = [
    part('text'),
    media('image', 'ATTACHMENT', 'IMAGE'),
    media('video', 'ATTACHMENT', 'VIDEO'),
    media('heart', 'STICKER'),
  ]
  t.is(String(found(parts, { text: ' ok ' })), 'text')
  t.is(String(found(parts, attached('VIDEO'))), 'video')
  t.is(String(found(parts, attached('OTHER'))), 'heart')
  t.is(found(parts, attached('AUDIO')), null)
  t.is(found(parts, { text: 'other words' }), null)
  t.is(
    found([media('image', 'ATTACHMENT', 'IMAGE')], { text: 'ok', ...{ attachments: attached('IMAGE').attachments } }),
    null,
  )
})

import type { UploadId } from '../ids.ts'
import type { AttachmentType } from './content.ts'

/** What can be sent as media; a channel's capabilities say which of them it takes, and in what form. */
export type MediaType = Extract<AttachmentType, 'IMAGE' | 'VIDEO' | 'AUDIO' | 'FILE'>

/** A suggestion that the customer answers with by a tap. */
export type QuickReply = Readonly<{
  title: string
  /** What comes back with the answer, for machines; the title where there is none. */
  payload: string
}>

export type TemplateButton = Readonly<{
  type: 'WEB_URL' | 'POSTBACK'
  title: string
  /** Of WEB_URL, else null. */
  url: string | null
  /** Of POSTBACK, else null. */
  payload: string | null
}>

export type TemplateElement = Readonly<{
  title: string
  subtitle: string | null
  imageUrl: string | null
  /** Opened by a tap on the element itself. */
  url: string | null
  buttons: readonly TemplateButton[]
}>

/** GENERIC has elements; BUTTONS has a text and buttons. */
export type Template = Readonly<{
  type: 'GENERIC' | 'BUTTONS'
  text: string | null
  buttons: readonly TemplateButton[]
  elements: readonly TemplateElement[]
}>

export type Sticker = 'HEART'

export type PartKind = 'TEXT' | 'ATTACHMENT' | 'TEMPLATE' | 'STICKER'

/** What one platform message carries: a reply of several of these is several messages on the customer's phone. */
export type OutboundContent =
  | Readonly<{ kind: 'TEXT'; text: string; quickReplies: readonly QuickReply[] }>
  | Readonly<{ kind: 'ATTACHMENT'; type: MediaType; url: string }>
  | Readonly<{ kind: 'TEMPLATE'; template: Template }>
  | Readonly<{ kind: 'STICKER'; sticker: Sticker }>

/**
 * What a part of a reply holds until it is sent: a file of ours becomes an address only then, a new one for each attempt. Null:
 * the file is not kept any more.
 */
export type PartContent = OutboundContent | UploadContent
export type UploadContent = Readonly<{ kind: 'ATTACHMENT'; type: MediaType; uploadId: UploadId | null }>

export const textContent = (text: string, quickReplies: readonly QuickReply[] = []): OutboundContent => ({
  kind: 'TEXT',
  text,
  quickReplies,
})

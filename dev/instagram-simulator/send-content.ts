import type { GraphError } from './graph-errors.ts'
import { record, string } from './http.ts'
import type { PhoneAttachment, PhoneTemplate } from './types.ts'

/** Meta counts UTF-8 bytes, not characters. */
export const MAX_TEXT_BYTES = 1_000
const MAX_QUICK_REPLIES = 13
const MAX_TITLE_CHARS = 20
const MAX_CARD_CHARS = 80
const MAX_CARDS = 10
const MAX_BUTTONS = 3
const MAX_BUTTON_TEXT_CHARS = 640
const MEDIA = ['image', 'video', 'audio', 'file']

export type Content = Readonly<{
  text: string | null
  attachments: readonly PhoneAttachment[]
  quickReplies: readonly string[]
  template: PhoneTemplate | null
}>
type Refused = Readonly<{ error: GraphError }>

const refused = (message: string, subcode?: number): Refused => ({
  error: { code: 100, message, ...(subcode !== undefined && { subcode }) },
})
const isRefused = (value: object): value is Refused => 'error' in value

/** What a `message` carries, by Meta's rules: text with quick replies, or one attachment. */
export function contentOf(message: Record<string, unknown> | null): Content | Refused {
  const text = string(message?.['text'])
  const list = message?.['attachments'] ?? message?.['attachment'] ?? []
  const given = Array.isArray(list) ? list : [list]
  if ((text === null) === (given.length === 0)) return refused('A message is text or attachments, and not both')
  const quickReplies = quickRepliesOf(message?.['quick_replies'] ?? [], text)
  if ('error' in quickReplies) return quickReplies
  if (text !== null) {
    if (text.trim() === '' || Buffer.byteLength(text) > MAX_TEXT_BYTES)
      return refused(`Length of param message[text] must be less than or equal to ${MAX_TEXT_BYTES}`)
    return { text, attachments: [], quickReplies, template: null }
  }
  const attachments: PhoneAttachment[] = []
  let template: PhoneTemplate | null = null
  for (const one of given) {
    const type = string(record(one)?.['type']) ?? 'unknown'
    const payload = record(record(one)?.['payload'])
    if (type === 'template') {
      const shown = templateOf(payload)
      if (isRefused(shown)) return shown
      template = shown
    } else if (MEDIA.includes(type)) {
      const url = string(payload?.['url'])
      const isGiven = (url !== null && /^https?:\/\//.test(url)) || string(payload?.['attachment_id']) !== null
      if (!isGiven) return refused('The attachment has no URL that could be fetched', 2018008)
    } else if (type !== 'like_heart') {
      return refused(`There is no attachment of type ${type}`, 2534015)
    }
    attachments.push({ type, url: string(payload?.['url']) })
  }
  return { text, attachments, quickReplies, template }
}

function quickRepliesOf(given: unknown, text: string | null): readonly string[] | Refused {
  const list = Array.isArray(given) ? given : [null]
  if (list.length === 0) return []
  if (text === null) return refused('Quick replies go with a text')
  if (list.length > MAX_QUICK_REPLIES) return refused(`At most ${MAX_QUICK_REPLIES} quick replies`)
  const titles: string[] = []
  for (const one of list) {
    const title = string(record(one)?.['title'])
    if (string(record(one)?.['content_type']) !== 'text' || title === null || !string(record(one)?.['payload']))
      return refused('A quick reply has content_type text, a title and a payload')
    // Longer ones are cut, as on the phone.
    titles.push([...title].slice(0, MAX_TITLE_CHARS).join(''))
  }
  return titles
}

function templateOf(payload: Record<string, unknown> | null): PhoneTemplate | Refused {
  const type = string(payload?.['template_type'])
  if (type === 'generic') {
    const cards = payload?.['elements']
    if (!Array.isArray(cards) || cards.length === 0 || cards.length > MAX_CARDS)
      return refused(`A generic template has 1 to ${MAX_CARDS} elements`)
    const titles: string[] = []
    const all: string[] = []
    for (const card of cards) {
      const title = string(record(card)?.['title'])
      const subtitle = string(record(card)?.['subtitle']) ?? ''
      const buttons = buttonsOf(record(card)?.['buttons'] ?? [], 0)
      if (title === null || [title, subtitle].some((line) => [...line].length > MAX_CARD_CHARS))
        return refused(`An element has a title, and lines of ${MAX_CARD_CHARS} characters at most`)
      if ('error' in buttons) return buttons
      titles.push(title)
      all.push(...buttons)
    }
    return { type, titles, buttons: all }
  }
  if (type !== 'button') return refused(`There is no template of type ${type}`)
  const text = string(payload?.['text'])
  if (text === null || [...text].length > MAX_BUTTON_TEXT_CHARS)
    return refused(`A button template has a text of at most ${MAX_BUTTON_TEXT_CHARS} characters`)
  const buttons = buttonsOf(payload?.['buttons'], 1)
  return 'error' in buttons ? buttons : { type, titles: [text], buttons }
}

function buttonsOf(given: unknown, min: number): readonly string[] | Refused {
  if (!Array.isArray(given) || given.length < min || given.length > MAX_BUTTONS)
    return refused(`There may be ${min} to ${MAX_BUTTONS} buttons`)
  const titles: string[] = []
  for (const one of given.map(record)) {
    const title = string(one?.['title'])
    const type = string(one?.['type'])
    const leads = type === 'web_url' ? string(one?.['url']) : type === 'postback' ? string(one?.['payload']) : null
    if (title === null || [...title].length > MAX_TITLE_CHARS || leads === null)
      return refused('A button is a web_url with a url or a postback with a payload, and has a title')
    titles.push(title)
  }
  return titles
}

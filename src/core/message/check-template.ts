import type { SurfaceCapabilities } from '../channel/capabilities.ts'
import type { OutboundContent, QuickReply, TemplateButton, TemplateElement } from '../channel/outbound-content.ts'
import { checkUrl, type UrlRules } from './check-media.ts'
import type { ContentCheck } from './content-check.ts'

type GivenButton = Readonly<{ type: 'WEB_URL' | 'POSTBACK'; title: string; url?: string; payload?: string }>
type GivenElement = Readonly<{
  title: string
  subtitle?: string
  imageUrl?: string
  url?: string
  buttons?: readonly GivenButton[]
}>
/** As it is asked for; what belongs to the other type is refused. */
export type GivenTemplate = Readonly<{
  type: 'GENERIC' | 'BUTTONS'
  text?: string
  buttons?: readonly GivenButton[]
  elements?: readonly GivenElement[]
}>
export type GivenQuickReply = Readonly<{ title: string; payload?: string }>

type Context = Readonly<{ can: SurfaceCapabilities; rules: UrlRules; check: ContentCheck }>

export function checkTemplate(
  template: GivenTemplate | undefined,
  can: SurfaceCapabilities,
  rules: UrlRules,
  check: ContentCheck,
): readonly OutboundContent[] {
  if (template === undefined) return []
  const context = { can, rules, check }
  const given = template.type === 'GENERIC' ? generic(template, context) : buttons(template, context)
  return given ? [{ kind: 'TEMPLATE', template: given }] : []
}

function generic({ type, text, buttons: others, elements = [] }: GivenTemplate, context: Context) {
  const { check, can } = context
  if (!can.genericTemplate) return void check.missing('/template', 'templates with cards')
  const { maxElements, maxTitleChars, maxButtons } = can.genericTemplate
  if (text !== undefined || others !== undefined) check.missing('/template', 'text or buttons beside the elements')
  if (elements.length === 0) check.empty('/template/elements', 'A GENERIC template has at least one element.')
  check.count(elements, maxElements, '/template/elements')
  return {
    type,
    text: null,
    buttons: [],
    elements: elements.map((element, index): TemplateElement => {
      const at = `/template/elements/${index}`
      const { title, subtitle = null, imageUrl = null, url = null } = element
      if (title.trim() === '') check.empty(`${at}/title`, 'A card has a title.')
      check.length(title, maxTitleChars, `${at}/title`)
      check.length(subtitle ?? '', maxTitleChars, `${at}/subtitle`)
      if (imageUrl !== null) checkUrl(imageUrl, context.rules, `${at}/imageUrl`, check)
      if (url !== null) checkUrl(url, context.rules, `${at}/url`, check)
      check.count(element.buttons ?? [], maxButtons, `${at}/buttons`)
      return { title, subtitle, imageUrl, url, buttons: buttonsOf(element.buttons, `${at}/buttons`, context) }
    }),
  }
}

function buttons({ type, text = '', buttons: given = [], elements }: GivenTemplate, context: Context) {
  const { check, can } = context
  if (!can.buttonTemplate) return void check.missing('/template', 'templates with buttons')
  if (elements !== undefined) check.missing('/template/elements', 'elements beside buttons')
  if (text.trim() === '') check.empty('/template/text', 'A BUTTONS template has a text.')
  check.length(text, can.buttonTemplate.maxTextChars, '/template/text')
  if (given.length === 0) check.empty('/template/buttons', 'A BUTTONS template has at least one button.')
  check.count(given, can.buttonTemplate.maxButtons, '/template/buttons')
  return { type, text, buttons: buttonsOf(given, '/template/buttons', context), elements: [] }
}

function buttonsOf(given: readonly GivenButton[] = [], pointer: string, { can, rules, check }: Context) {
  const { maxTitleChars = 0, maxPayloadChars = 0 } = can.buttons ?? {}
  return given.map(({ type, title, url = null, payload = null }, index): TemplateButton => {
    const at = `${pointer}/${index}`
    if (title.trim() === '') check.empty(`${at}/title`, 'A button has a title.')
    check.length(title, maxTitleChars, `${at}/title`)
    check.length(payload ?? '', maxPayloadChars, `${at}/payload`)
    if (type === 'WEB_URL') {
      if (url === null) check.empty(`${at}/url`, 'A WEB_URL button opens a URL.')
      else checkUrl(url, rules, `${at}/url`, check)
      if (payload !== null) check.missing(`${at}/payload`, 'payload beside a URL')
    } else {
      if (payload === null) check.empty(`${at}/payload`, 'A POSTBACK button sends a payload back.')
      if (url !== null) check.missing(`${at}/url`, 'URL beside a payload')
    }
    return { type, title, url, payload }
  })
}

export function checkQuickReplies(
  given: readonly GivenQuickReply[],
  can: SurfaceCapabilities,
  check: ContentCheck,
): readonly QuickReply[] {
  if (given.length === 0) return []
  if (!can.quickReplies) {
    check.missing('/quickReplies', 'quick replies')
    return []
  }
  const { maxCount, maxTitleChars, maxPayloadChars } = can.quickReplies
  check.count(given, maxCount, '/quickReplies')
  return given.map(({ title, payload = title }, index) => {
    if (title.trim() === '') check.empty(`/quickReplies/${index}/title`, 'A quick reply has a title.')
    check.length(title, maxTitleChars, `/quickReplies/${index}/title`)
    check.length(payload, maxPayloadChars, `/quickReplies/${index}/payload`)
    return { title, payload }
  })
}

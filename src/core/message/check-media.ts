import type { SurfaceCapabilities } from '../channel/capabilities.ts'
import type { MediaType, OutboundContent } from '../channel/outbound-content.ts'
import { isAddress } from '../network/public-address.ts'
import type { ContentCheck } from './content-check.ts'

/** What to send, by its address; the platform fetches it from there. */
export type ReplyAttachment = Readonly<{ type: MediaType; url: string }>

export type UrlRules = Readonly<{
  /** Plain http towards this machine, for tests and the demo. */
  allowLoopback: boolean
}>

export const MAX_URL_CHARS = 2_000

/** What a file's extension says, also of types that no channel may take; one that is not here says nothing. */
const EXTENSIONS: readonly (readonly [type: MediaType, extensions: string])[] = [
  ['IMAGE', 'jpg jpeg png gif webp heic heif avif bmp tif tiff svg'],
  ['VIDEO', 'mp4 m4v mov qt avi webm ogg ogv mkv wmv flv mpg mpeg 3gp'],
  ['AUDIO', 'aac m4a wav mp4 mp3 ogg oga opus flac amr wma webm'],
  ['FILE', 'pdf doc docx xls xlsx ppt pptx odt ods txt csv rtf zip rar 7z gz tar exe html'],
]

export function checkAttachments(
  attachments: readonly ReplyAttachment[],
  capabilities: SurfaceCapabilities,
  rules: UrlRules,
  check: ContentCheck,
): readonly OutboundContent[] {
  const can = capabilities.attachments
  if (attachments.length === 0) return []
  if (can === null) {
    check.missing('/attachments', 'attachments')
    return []
  }
  check.count(attachments, can.maxCount, '/attachments')
  for (const [index, { type, url }] of attachments.entries()) {
    const pointer = `/attachments/${index}`
    checkUrl(url, rules, `${pointer}/url`, check)
    const media = can.types.find((one) => one.type === type)
    const extension = extensionOf(url)
    const said = EXTENSIONS.filter(([, extensions]) => extension !== null && extensions.split(' ').includes(extension))
    if (!media) {
      const types = can.types.map((one) => one.type).join(', ')
      check.breach({
        code: 'attachment-unsupported',
        pointer: `${pointer}/type`,
        detail: `This channel takes ${types}.`,
      })
    } else if (extension !== null && said.length > 0 && !fits(extension, type, media.extensions, said)) {
      const takes = media.extensions ? `; this channel takes ${media.extensions.join(', ')} for ${type}` : ''
      const detail = `.${extension} is no ${type} that can be sent${takes}.`
      check.breach({ code: 'attachment-unsupported', pointer: `${pointer}/url`, detail })
    }
  }
  return attachments.map(({ type, url }) => ({ kind: 'ATTACHMENT', type, url }))
}

function fits(
  extension: string,
  type: MediaType,
  taken: readonly string[] | null,
  said: readonly (readonly [type: MediaType, extensions: string])[],
): boolean {
  return said.some(([other]) => other === type) && (taken === null || taken.includes(extension))
}

/** Of the last segment of the path; null where there is none that could be one. */
function extensionOf(url: string): string | null {
  if (!URL.canParse(url)) return null
  const [, extension] = /\.([a-z0-9]{1,8})$/i.exec(new URL(url).pathname) ?? []
  return extension?.toLowerCase() ?? null
}

/** For everything that the platform fetches or opens. */
export function checkUrl(url: string, rules: UrlRules, pointer: string, check: ContentCheck): void {
  check.length(url, MAX_URL_CHARS, pointer)
  const detail = problemOf(url, rules)
  if (detail !== null) check.breach({ code: 'url-not-allowed', pointer, detail })
}

function problemOf(url: string, { allowLoopback }: UrlRules): string | null {
  if (!URL.canParse(url)) return 'This is no URL.'
  const { protocol, username, password, hostname } = new URL(url)
  if (username !== '' || password !== '') return 'Its user name or password would be shown to the platform.'
  const isAllowed = protocol === 'https:' || (protocol === 'http:' && allowLoopback && isLoopback(hostname))
  return isAllowed ? null : 'It has to be an https URL.'
}

const isLoopback = (hostname: string): boolean => {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || (isAddress(host) && host.startsWith('127.'))
}

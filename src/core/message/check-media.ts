import type { UploadView } from '../../ports/upload-store.ts'
import type { MediaCapability, SurfaceCapabilities } from '../channel/capabilities.ts'
import type { MediaType, PartContent } from '../channel/outbound-content.ts'
import { NotFound } from '../errors.ts'
import type { UploadId } from '../ids.ts'
import { isAddress } from '../network/public-address.ts'
import { kindNamed } from '../upload/file-kinds.ts'
import { canBe, type FileFacts } from '../upload/look-at-file.ts'
import type { Breach, ContentCheck } from './content-check.ts'

/** What to send, by its address, where the platform fetches it, or as an upload of the organization's own. */
export type ReplyAttachment = Readonly<{ type: MediaType; url: string }> | Readonly<{ attachmentId: UploadId }>

export type UrlRules = Readonly<{
  /** Plain http towards this machine, for tests and the demo. */
  allowLoopback: boolean
  /** Those that the reply names. */
  uploads?: ReadonlyMap<UploadId, UploadView>
  /** What servers told of addresses that the reply names. */
  files?: ReadonlyMap<string, FileFacts>
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
): readonly PartContent[] {
  const can = capabilities.attachments
  if (attachments.length === 0) return []
  if (can === null) {
    check.missing('/attachments', 'attachments')
    return []
  }
  check.count(attachments, can.maxCount, '/attachments')
  return attachments.flatMap((attachment, index): readonly PartContent[] => {
    const pointer = `/attachments/${index}`
    if ('attachmentId' in attachment) {
      const upload = rules.uploads?.get(attachment.attachmentId)
      if (!upload) throw new NotFound('attachment')
      checkFile(upload, upload, can.types, `${pointer}/attachmentId`, check)
      return [{ kind: 'ATTACHMENT', type: upload.type, uploadId: upload.id }]
    }
    const { type, url } = attachment
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
    } else {
      const told = rules.files?.get(url)
      if (told?.refused)
        check.breach({
          code: 'url-not-allowed',
          pointer: `${pointer}/url`,
          detail: `It is not called: ${told.refused}.`,
        })
      else if (told) checkFile({ type }, told, can.types, `${pointer}/url`, check)
    }
    return [{ kind: 'ATTACHMENT', type, url }]
  })
}

/** Only what is known can be wrong. */
function checkFile(
  { type }: Readonly<{ type: MediaType }>,
  facts: Pick<FileFacts, 'contentType' | 'bytes'>,
  types: readonly MediaCapability[],
  pointer: string,
  check: ContentCheck,
): void {
  const problem = problemOfFile(type, facts, types)
  if (problem !== null) check.breach({ ...problem, pointer })
}

/** Why a channel that carries these types does not take the file; null where nothing that is known speaks against it. */
export function problemOfFile(
  type: MediaType,
  { contentType, bytes }: Pick<FileFacts, 'contentType' | 'bytes'>,
  types: readonly MediaCapability[],
): Omit<Breach, 'pointer'> | null {
  const media = types.find((one) => one.type === type)
  const unsupported = (detail: string) => ({ code: 'attachment-unsupported', detail }) as const
  if (!media) return unsupported(`This channel takes ${types.map((one) => one.type).join(', ')}.`)
  const { contentTypes, maxBytes } = media
  const known = contentType === null ? null : (kindNamed(contentType)?.contentType ?? contentType)
  // Sound in an MP4 is told by its name alone, and served as what the container mostly holds.
  const taken = contentTypes && type === 'AUDIO' ? [...contentTypes, 'video/mp4'] : contentTypes
  if (taken && !canBe(known, taken))
    return unsupported(`It is ${known}; this channel takes ${contentTypes?.join(', ')} for ${type}.`)
  if (bytes === null || maxBytes === null || bytes <= maxBytes) return null
  const extra = { actualBytes: bytes, maxBytes }
  return { code: 'attachment-too-large', detail: `${bytes} bytes, at most ${maxBytes}`, extra }
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

import type { InFlight } from '../../ports/intake-store.ts'
import type { EchoReceived } from '../channel/inbound-event.ts'

/** An echo of our own send may be stamped a little before our clock says that we began. */
const ECHO_SKEW_MS = 120_000

type Said = Pick<EchoReceived, 'at' | 'text' | 'attachments'>

/**
 * The part under way, or in doubt, that an echo may be of, before the platform's answer names it: words by the words, media by
 * their type. Of several that say the same it is the one that began nearest to the echo's time; should that be wrong, the
 * platform's answer puts it right.
 */
export function partOfEcho(inFlight: readonly InFlight[], echo: Said): InFlight | undefined {
  const at = echo.at.getTime()
  const distance = ({ startedAt }: InFlight) => Math.abs(at - startedAt.getTime())
  return inFlight
    .filter((part) => saysTheSame(part, echo) && at >= part.startedAt.getTime() - ECHO_SKEW_MS)
    .reduce<InFlight | undefined>((best, one) => (best && distance(best) <= distance(one) ? best : one), undefined)
}

function saysTheSame({ kind, text, attachmentType }: InFlight, { text: theirs, attachments }: Said): boolean {
  // Whatever hangs on it: the platform adds a preview to a link, and the post to a private reply.
  if (kind === 'TEXT') return plain(text) === plain(theirs)
  if (plain(theirs) !== '') return false
  // Templates and stickers come back as something that is none of the ordinary media.
  const type = kind === 'ATTACHMENT' ? attachmentType : 'OTHER'
  return attachments.some((attachment) => attachment.type === type)
}

const plain = (text: string | null): string => (text ?? '').normalize('NFC').trim()

import type { AnsweredComment } from '../../ports/send-store.ts'
import { NOTHING, type SurfaceCapabilities } from '../channel/capabilities.ts'
import type { PartContent } from '../channel/outbound-content.ts'
import { composeReply, type ReplyContent } from './compose-reply.ts'
import { ContentCheck } from './content-check.ts'

/** Under a post there are words only, counted in characters. */
const WORDS: SurfaceCapabilities = { ...NOTHING, text: { maxBytes: null, split: false }, maxParts: 1 }

/** What is written under a comment for everybody to read. Throws a DomainError that lists what cannot be. */
export function composePublicReply(
  reply: ReplyContent,
  { publicReply }: SurfaceCapabilities,
  comment: AnsweredComment | null,
  rules: Parameters<typeof composeReply>[2],
): readonly PartContent[] {
  const check = new ContentCheck()
  if (publicReply === null || comment?.isLive) check.missing('/audience', 'public reply')
  else check.length(reply.content ?? '', publicReply.maxChars, '/content')
  check.end()
  return composeReply(reply, WORDS, rules, 'A public reply takes text only.')
}

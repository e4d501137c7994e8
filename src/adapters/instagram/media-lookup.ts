import type { MediaAnswer, MediaLookup, MentionAnswer } from '../../ports/channel-adapter.ts'
import { asShape, readText, readUrl, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer, GraphClient } from './graph-client.ts'
import { graphTarget, pathSegment } from './graph-target.ts'
import { timeOf } from './history-message.ts'
import { mentionIn } from './ids.ts'
import { STORY_LIVES_MS } from './parse-content.ts'
import { demandsIn, readOutcome } from './read-outcome.ts'

const FIELDS = 'permalink,caption,media_type,media_product_type,media_url,thumbnail_url,timestamp'

/** Of the account's own posts and stories only. https://developers.facebook.com/docs/instagram-platform/reference/instagram-media */
export const createMediaLookup = (graph: GraphClient): MediaLookup => ({
  async look(mediaId, account, signal): Promise<MediaAnswer> {
    const target = graphTarget(account)
    if (target === null) return { status: 'retry', afterMs: null, detail: 'the channel has no usable access token' }
    const { flavour, token } = target
    const path = `${pathSegment(mediaId)}?fields=${FIELDS}`
    return mediaOf(await graph({ method: 'GET', flavour, path, token }, signal))
  },

  /** Through the account's own node: neither the post nor the comment is the account's. */
  async mention({ mediaId, externalId }, account, signal): Promise<MentionAnswer> {
    const target = graphTarget(account)
    if (target === null) return { status: 'retry', afterMs: null, detail: 'the channel has no usable access token' }
    const { flavour, token } = target
    const field =
      externalId === mentionIn(mediaId)
        ? `mentioned_media.media_id(${pathSegment(mediaId)}){caption,media_url,username}`
        : `mentioned_comment.comment_id(${pathSegment(externalId)}){text,media{media_url}}`
    const path = `${pathSegment(account.account)}?fields=${field}`
    return mentionOf(await graph({ method: 'GET', flavour, path, token }, signal))
  },
})

type Mentioned = Shape<'mentioned_media' | 'mentioned_comment'>
type MentionFields = Shape<'caption' | 'text' | 'media_url' | 'username' | 'media'>

function mentionOf(answer: GraphAnswer): MentionAnswer {
  const outcome = readOutcome(answer)
  if (outcome.status === 'withheld') return { ...demandsIn(outcome), status: 'gone', detail: outcome.detail }
  if (outcome.status !== 'found') return outcome
  const mentioned = asShape<Mentioned>(outcome.body)
  const fields = asShape<MentionFields>(mentioned?.mentioned_media ?? mentioned?.mentioned_comment)
  return {
    ...demandsIn(outcome),
    status: 'found',
    mention: {
      text: readText(fields?.caption) ?? readText(fields?.text),
      username: readText(fields?.username),
      mediaUrl: readUrl(fields?.media_url) ?? readUrl(asShape<MentionFields>(fields?.media)?.media_url),
    },
  }
}

type MediaFields = Shape<
  'permalink' | 'caption' | 'media_type' | 'media_product_type' | 'media_url' | 'thumbnail_url' | 'timestamp'
>

/** What the platform says of an object that is not there (any more); every other refusal says nothing about the object. */
const NO_SUCH_OBJECT = '100/33'

function mediaOf(answer: GraphAnswer): MediaAnswer {
  const outcome = readOutcome(answer)
  if (outcome.status === 'withheld' && outcome.platformCode === NO_SUCH_OBJECT)
    return { ...demandsIn(outcome), status: 'gone', detail: outcome.detail }
  if (outcome.status !== 'found') return outcome
  const fields = asShape<MediaFields>(outcome.body)
  const postedAt = fields?.media_product_type === 'STORY' ? timeOf(fields.timestamp) : null
  const picture = fields?.media_type === 'VIDEO' ? null : readUrl(fields?.media_url)
  return {
    ...demandsIn(outcome),
    status: 'found',
    media: {
      permalink: readUrl(fields?.permalink),
      caption: readText(fields?.caption),
      // A video has a still; a picture is its own.
      thumbnailUrl: readUrl(fields?.thumbnail_url) ?? picture,
      expiresAt: postedAt && new Date(postedAt.getTime() + STORY_LIVES_MS),
    },
  }
}

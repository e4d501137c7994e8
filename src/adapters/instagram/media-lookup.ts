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
  async look({ mediaId, commentId }, account, signal): Promise<MediaAnswer> {
    const target = graphTarget(account)
    if (target === null) return { status: 'retry', afterMs: null, detail: 'the channel has no usable access token' }
    const { flavour, token } = target
    const ask = (path: string) => graph({ method: 'GET', flavour, path, token }, signal)
    const named = mediaOf(await ask(`${pathSegment(mediaId)}?fields=${FIELDS}`))
    if (!commentId || !mayBeOfAnAlbum(named)) return named
    const album = mediaOf(await ask(`${pathSegment(commentId)}?fields=media{${FIELDS}}`), commentedOn)
    return album.status === 'gone' || album.status === 'withheld' ? { ...named, ...demandsIn(album) } : album
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

/** Of an album the webhook names one picture, which has no words of its own and cannot always be asked about. */
const mayBeOfAnAlbum = (answer: MediaAnswer): boolean =>
  answer.status === 'gone' || (answer.status === 'found' && answer.media.caption === null)

type MediaFields = Shape<
  'permalink' | 'caption' | 'media_type' | 'media_product_type' | 'media_url' | 'thumbnail_url' | 'timestamp'
>

/** What the platform says of an object that is not there (any more); every other refusal says nothing about the object. */
const NO_SUCH_OBJECT = '100/33'

const commentedOn = (body: object): unknown => asShape<Shape<'media'>>(body)?.media

function mediaOf(answer: GraphAnswer, within: (body: object) => unknown = (body) => body): MediaAnswer {
  const outcome = readOutcome(answer)
  if (outcome.status === 'withheld' && outcome.platformCode === NO_SUCH_OBJECT)
    return { ...demandsIn(outcome), status: 'gone', detail: outcome.detail }
  if (outcome.status !== 'found') return outcome
  const fields = asShape<MediaFields>(within(outcome.body))
  if (fields === null) return { ...demandsIn(outcome), status: 'withheld', detail: 'the answer names no post' }
  const postedAt = fields.media_product_type === 'STORY' ? timeOf(fields.timestamp) : null
  const picture = fields.media_type === 'VIDEO' ? null : readUrl(fields.media_url)
  return {
    ...demandsIn(outcome),
    status: 'found',
    media: {
      permalink: readUrl(fields.permalink),
      caption: readText(fields.caption),
      // A video has a still; a picture is its own.
      thumbnailUrl: readUrl(fields.thumbnail_url) ?? picture,
      expiresAt: postedAt && new Date(postedAt.getTime() + STORY_LIVES_MS),
    },
  }
}

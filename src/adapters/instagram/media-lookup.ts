import type { MediaAnswer, MediaLookup } from '../../ports/channel-adapter.ts'
import { asShape, readText, readUrl, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer, GraphClient } from './graph-client.ts'
import { graphTarget, pathSegment } from './graph-target.ts'
import { readOutcome } from './read-outcome.ts'

const FIELDS = 'permalink,caption,media_type,media_url,thumbnail_url'

/** Of the account's own posts and stories only. https://developers.facebook.com/docs/instagram-platform/reference/instagram-media */
export const createMediaLookup = (graph: GraphClient): MediaLookup => ({
  async look(mediaId, account, signal): Promise<MediaAnswer> {
    const target = graphTarget(account)
    if (target === null) return { status: 'retry', afterMs: null, detail: 'the channel has no usable access token' }
    const { flavour, token } = target
    const path = `${pathSegment(mediaId)}?fields=${FIELDS}`
    return mediaOf(await graph({ method: 'GET', flavour, path, token }, signal))
  },
})

type MediaFields = Shape<'permalink' | 'caption' | 'media_type' | 'media_url' | 'thumbnail_url'>

function mediaOf(answer: GraphAnswer): MediaAnswer {
  const outcome = readOutcome(answer)
  if (outcome.status === 'withheld') return { status: 'gone', detail: outcome.detail }
  if (outcome.status === 'retry') return outcome
  const fields = asShape<MediaFields>(outcome.body)
  const picture = fields?.media_type === 'VIDEO' ? null : readUrl(fields?.media_url)
  return {
    status: 'found',
    media: {
      permalink: readUrl(fields?.permalink),
      caption: readText(fields?.caption),
      // A video has a still; a picture is its own.
      thumbnailUrl: readUrl(fields?.thumbnail_url) ?? picture,
    },
  }
}

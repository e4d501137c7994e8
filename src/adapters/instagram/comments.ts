import type { ChannelAccount } from '../../core/channel/delivery.ts'
import type { Comments, ModerationAnswer, OwnReply } from '../../ports/channel-adapter.ts'
import { asShape, has, readId, readText, type Shape } from '../channel-kit/fields.ts'
import type { GraphClient } from './graph-client.ts'
import { graphTarget, pathSegment } from './graph-target.ts'
import { itemsOf, timeOf } from './history-message.ts'
import { refusalOf } from './history-reader.ts'
import { readMessageId } from './ids.ts'
import { demandsIn, readOutcome } from './read-outcome.ts'

/** `user` is there only where the account itself wrote it. */
const FIELDS = 'id,text,timestamp,from,user'

type Reply = Shape<'id' | 'text' | 'timestamp' | 'from' | 'user'>

/** https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment/replies */
export const createComments = (graph: GraphClient): Comments => ({
  async moderate(comment, action, account, signal): Promise<ModerationAnswer> {
    const target = graphTarget(account)
    const detail = 'the channel has no usable access token'
    if (target === null) return { status: 'refused', detail, platformCode: null }
    const { flavour, token } = target
    const node = pathSegment(comment)
    const call =
      action === 'DELETE'
        ? ({ method: 'DELETE', path: node } as const)
        : ({ method: 'POST', path: `${node}?hide=${action === 'HIDE'}` } as const)
    const outcome = readOutcome(await graph({ ...call, flavour, token }, signal))
    if (outcome.status === 'found') return { ...demandsIn(outcome), status: 'done' }
    if (outcome.status !== 'withheld') return outcome
    const { platformCode } = outcome
    const status = platformCode === '100/33' ? 'gone' : 'refused'
    return { ...demandsIn(outcome), status, detail: outcome.detail, platformCode }
  },

  async own(comment, account, signal) {
    const target = graphTarget(account)
    const detail = 'the channel has no usable access token'
    if (target === null) return { status: 'withheld', reason: 'credentials-rejected', detail }
    const { flavour, token } = target
    const path = `${pathSegment(comment)}/replies?fields=${FIELDS}`
    const outcome = readOutcome(await graph({ method: 'GET', flavour, path, token }, signal))
    if (outcome.status !== 'found') return refusalOf(outcome)
    const replies = itemsOf(outcome.body).flatMap((item) => ownReply(item, account))
    return { ...demandsIn(outcome), status: 'found', replies }
  },
})

function ownReply(item: unknown, account: ChannelAccount): readonly OwnReply[] {
  const reply = asShape<Reply>(item)
  const externalId = readMessageId(reply?.id)
  const at = timeOf(reply?.timestamp)
  const author = readId(asShape<Shape<'id'>>(reply?.from)?.id)
  const isOwn = author === account.account || has(reply?.user)
  return isOwn && externalId !== null && at !== null ? [{ externalId, at, text: readText(reply?.text) }] : []
}

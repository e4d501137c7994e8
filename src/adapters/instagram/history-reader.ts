import type { ChannelAccount } from '../../core/channel/delivery.ts'
import type {
  ConversationPage,
  HistoryAnswer,
  HistoryMessages,
  HistoryReader,
  HistoryRefusal,
} from '../../ports/channel-adapter.ts'
import { asShape, has, readId, type Shape } from '../channel-kit/fields.ts'
import type { GraphClient } from './graph-client.ts'
import { graphTarget, pathSegment } from './graph-target.ts'
import { itemsOf, LISTED_FIELDS, MESSAGE_FIELDS, readConversation, readMessage } from './history-message.ts'
import { demandsIn, type ReadOutcome, readOutcome } from './read-outcome.ts'

/** Of the Conversations API, for each professional account. https://developers.facebook.com/docs/instagram-platform/overview */
const CALLS_PER_SECOND = 2
/** The platform gives details of no more; older ones answer as if they had been taken back. */
const NEWEST = 20
const MAX_CURSOR_BYTES = 4096

type Body = Shape<'data' | 'paging' | 'messages'>
type Paging = Shape<'cursors' | 'next'>

/**
 * The Conversations API of both logins: through the account's node with Instagram Login, the Page's with Facebook Login.
 * https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api
 */
export function createHistoryReader(graph: GraphClient): HistoryReader {
  async function ask(
    path: (node: string) => string,
    account: ChannelAccount,
    signal: AbortSignal,
  ): Promise<ReadOutcome> {
    const target = graphTarget(account)
    if (target === null) {
      const detail = 'the channel has no usable access token'
      return { status: 'withheld', detail, code: 'credentials-rejected', platformCode: null }
    }
    const { flavour, node, token } = target
    return readOutcome(await graph({ method: 'GET', flavour, path: path(node), token }, signal))
  }

  return {
    callsPerSecond: CALLS_PER_SECOND,

    async conversations({ cursor, limit }, account, signal): Promise<HistoryAnswer<ConversationPage>> {
      const fields = `id,updated_time,participants,messages{${LISTED_FIELDS}}`
      const after = cursor === null ? '' : `&after=${encodeURIComponent(cursor)}`
      const outcome = await ask(
        (node) => `${node}/conversations?platform=instagram&fields=${fields}&limit=${limit}${after}`,
        account,
        signal,
      )
      if (outcome.status !== 'found') return refusalOf(outcome)
      const ownIds = ownIdsOf(account)
      const conversations = itemsOf(outcome.body).flatMap((item) => {
        const listed = readConversation(item, ownIds)
        return listed === null ? [] : [{ ...listed, messages: listed.messages.slice(0, NEWEST) }]
      })
      return { ...demandsIn(outcome), status: 'found', conversations, nextCursor: nextCursorOf(outcome.body) }
    },

    async conversation({ externalId, person }, account, signal): Promise<HistoryAnswer<HistoryMessages>> {
      const path = `${pathSegment(externalId)}?fields=messages{${MESSAGE_FIELDS}}`
      const outcome = await ask(() => path, account, signal)
      if (outcome.status !== 'found') return refusalOf(outcome)
      const listed = itemsOf(asShape<Body>(outcome.body)?.messages)
      return { ...demandsIn(outcome), status: 'found', messages: newestOf(listed, account, person) }
    },

    async withPerson(person, account, signal): Promise<HistoryAnswer<HistoryMessages>> {
      const about = `user_id=${encodeURIComponent(person)}&fields=messages{${MESSAGE_FIELDS}}`
      const outcome = await ask((node) => `${node}/conversations?platform=instagram&${about}`, account, signal)
      if (outcome.status !== 'found') return refusalOf(outcome)
      const listed = itemsOf(outcome.body).flatMap((item) => itemsOf(asShape<Body>(item)?.messages))
      const messages = newestOf(listed, account, { externalId: person })
      return { ...demandsIn(outcome), status: 'found', messages }
    },

    async message(externalId, account, signal) {
      const path = `${pathSegment(externalId)}?fields=${MESSAGE_FIELDS}`
      const outcome = await ask(() => path, account, signal)
      if (outcome.status !== 'found') return refusalOf(outcome)
      const message = readMessage(outcome.body, ownIdsOf(account), null)
      const demands = demandsIn(outcome)
      if (message !== null) return { ...demands, status: 'found', message }
      return {
        ...demands,
        status: 'withheld',
        reason: 'gone',
        detail: 'the answer is no message of a customer or the account',
      }
    },
  }
}

type Known = Parameters<typeof readMessage>[2]

function newestOf(listed: readonly unknown[], account: ChannelAccount, person: Known): HistoryMessages['messages'] {
  const ownIds = ownIdsOf(account)
  return listed.slice(0, NEWEST).flatMap((item) => readMessage(item, ownIds, person) ?? [])
}

/** Under whichever of its ids the account is named. */
function ownIdsOf({ account, settings }: ChannelAccount): ReadonlySet<string> {
  const ids = [account, settings['pageId'], settings['facebookPageId']]
  return new Set(ids.flatMap((id) => readId(id) ?? []))
}

/** `next` tells whether there is more: the last page has a cursor too. */
function nextCursorOf(body: object): string | null {
  const paging = asShape<Paging>(asShape<Body>(body)?.paging)
  const cursors = asShape<Shape<'after'>>(paging?.cursors)
  return has(paging?.next) ? readId(cursors?.after, MAX_CURSOR_BYTES) : null
}

/** Taken back, older than what details are given of, or of another account. */
const GONE = new Set(['100/33', '9000001'])

type Refused = Exclude<ReadOutcome, { status: 'found' }>

export function refusalOf(outcome: Refused): Exclude<HistoryAnswer<unknown>, { status: 'found' }> {
  const { detail } = outcome
  const demands = demandsIn(outcome)
  if (outcome.status === 'retry') return outcome
  if (outcome.status === 'reauthorize')
    return { ...demands, status: 'withheld', reason: 'credentials-rejected', alert: outcome.alert, detail }
  return { ...demands, status: 'withheld', reason: reasonOf(outcome), detail }
}

function reasonOf(outcome: Extract<Refused, { status: 'withheld' }>): HistoryRefusal {
  if (outcome.code === 'credentials-rejected' || outcome.code === 'permission-missing') return outcome.code
  return GONE.has(outcome.platformCode ?? '') ? 'gone' : 'refused'
}

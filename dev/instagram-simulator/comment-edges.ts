import { aboutPost, pick } from './about-post.ts'
import { refuse } from './graph-errors.ts'
import { type Answer, string } from './http.ts'
import { newCommentId } from './ids.ts'
import type { Sending } from './send.ts'
import type { SimulatedAccount } from './types.ts'
import type { SimulatedComment } from './world.ts'

const MAX_REPLY_CHARS = 300

/** The calls about one comment of the account's posts; null for one that is not there, or no such call. */
export function commentCall(
  sending: Sending,
  account: SimulatedAccount,
  call: string,
  id: string,
  form: URLSearchParams,
  body: Record<string, unknown>,
): Answer | null {
  const { world } = sending
  const comment = world.comments.get(id)
  if (comment?.customer.account !== account || comment.deleted) return null
  const done: Answer = { status: 200, body: { success: true } }
  switch (call) {
    case 'POST replies':
      return reply(sending, account, comment, form, body)
    case 'GET replies':
      return { status: 200, body: { data: comment.replies.map((one) => listed(account, one)) } }
    case 'GET': {
      const fields = /^media\{(.*)\}$/.exec(form.get('fields') ?? '')?.[1]
      const post = world.media.get(comment.postId)
      if (fields === undefined || !post || post.deleted) return null
      return { status: 200, body: { id, media: pick(aboutPost(post), fields.split(',')) } }
    }
    case 'POST': {
      const hide = form.get('hide')
      if (hide !== 'true' && hide !== 'false') return refuse(account.login, { code: 100, message: 'hide is required' })
      if (comment.isLive) return onLive(account)
      comment.hidden = hide === 'true'
      world.changed()
      return done
    }
    case 'DELETE':
      if (comment.isLive) return onLive(account)
      comment.deleted = true
      world.changed()
      return done
    default:
      return null
  }
}

const onLive = ({ login }: SimulatedAccount): Answer =>
  refuse(login, { code: 100, message: 'The operation is not supported on live video comments.' })

/** Always under the top-level comment, and comes back as an event of the account's own. */
function reply(
  { world, actions }: Sending,
  account: SimulatedAccount,
  comment: SimulatedComment,
  form: URLSearchParams,
  body: Record<string, unknown>,
): Answer {
  const { login } = account
  if (comment.isLive) return onLive(account)
  const text = string(body['message']) ?? form.get('message')
  if (!text) return refuse(login, { code: 100, message: 'The parameter message is required' })
  if ([...text].length > MAX_REPLY_CHARS)
    return refuse(login, { code: 100, message: 'Length of param message must be less than or equal to 300' })
  const top = (comment.parentId === null ? undefined : world.comments.get(comment.parentId)) ?? comment
  if (top.hidden) return refuse(login, { code: 100, message: 'The comment is hidden.' })
  if (top.replies.some((one) => one.text === text))
    return refuse(login, { code: 506, message: 'Duplicate status message' })
  const made = { id: newCommentId(), text, at: world.now() }
  world.answer(top, made)
  const afterwards = () => {
    if (account.webhookUrl === null) return
    void actions.ownComment(account, text, { mid: made.id, parentId: top.id, mediaId: top.mediaId, at: made.at })
  }
  // As Meta does it: the comment is there, and the answer says that it could not be given in that form.
  if (form.has('fields')) return { ...refuse(login, { code: 20, subcode: 1772107 }), afterwards }
  return { status: 200, body: { id: made.id }, afterwards }
}

const listed = (account: SimulatedAccount, { id, text, at }: SimulatedComment['replies'][number]): object => ({
  id,
  text,
  timestamp: at.toISOString().replace(/\.\d+Z$/, '+0000'),
  from: { id: account.id, username: account.username },
  user: { id: account.appScopedId },
})

import type { Actions, Options } from './actions.ts'
import { type ActionRequest, KINDS } from './kinds.ts'
import type { Webhook } from './types.ts'
import type { World } from './world.ts'

export type { ActionRequest } from './kinds.ts'

export const DEFAULT_PERSON = 'sam.sample'

/** A request that names nothing to do, or leaves out what it takes. */
export class BadRequest extends Error {}

export const ACTIONS: readonly string[] = Object.keys(KINDS)

/** `hold` only makes the webhook. */
export async function perform(
  world: World,
  actions: Actions,
  request: ActionRequest,
  more: Pick<Options, 'hold' | 'at'> = {},
): Promise<Webhook> {
  const action = String(request.action).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const kind = Object.hasOwn(KINDS, action) ? KINDS[action] : undefined
  if (!kind) throw new BadRequest(`There is no action "${request.action}"; there are ${ACTIONS.join(', ')}`)
  const { mid, text, envelope } = request
  if (kind.takes.startsWith('mid') && !mid) throw new BadRequest(`${request.action} needs a mid`)
  if (/(^|\s)text$/.test(kind.takes) && !text) throw new BadRequest(`${request.action} needs a text`)
  const said = { ...request, text: text ?? '', mid: mid ?? '' }
  const options: Options = {
    ...more,
    ...(mid === undefined ? {} : { mid }),
    ...(envelope === undefined ? {} : { envelope }),
  }
  const account = world.theAccount(request.account)
  if (kind.of === 'account') return kind.act(actions, account, said, options)
  // Somebody else may react to it; whoever is named is meant.
  const owner = mid === undefined || request.from !== undefined ? undefined : world.ownerOf(mid)
  return kind.act(actions, owner ?? world.person(request.from ?? DEFAULT_PERSON, account, request.name), said, options)
}

import type { Actions, Options } from './actions.ts'
import type { SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import type { World } from './world.ts'

/** An action as JSON, from the command line or another process. */
export type ActionRequest = Readonly<{
  action: string
  /** An account's id; default: the first. */
  account?: string
  /** A customer's id or username; who is unknown is made. */
  from?: string
  name?: string
  text?: string
  /** The message that is meant, where there is one; else the new message's id. */
  mid?: string
  mediaUrl?: string
  mediaId?: string
  storyUrl?: string
  payload?: string
  field?: string
  form?: 'changes' | 'flat'
  body?: unknown
}>

export const DEFAULT_PERSON = 'sam.sample'

type Perform = (actions: Actions, who: SimulatedCustomer, request: ActionRequest, options: Options) => Promise<Webhook>

/** A request that names nothing to do, or leaves out what it takes. */
export class BadRequest extends Error {}

const needed = (request: ActionRequest, name: 'text' | 'mid'): string => {
  const value = request[name]
  if (value === undefined || value === '')
    throw new BadRequest(`${request.action} needs ${name === 'mid' ? 'a mid' : 'a text'}`)
  return value
}

const given = <T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

const media =
  (type: 'image' | 'video' | 'audio' | 'file'): Perform =>
  (actions, who, { mediaUrl, text }, options) =>
    actions[type](who, { ...options, ...given({ mediaUrl, text }) })

const PERFORM: Record<string, Perform> = {
  dm: (actions, who, request, options) => actions.dm(who, needed(request, 'text'), options),
  'story-reply': (actions, who, request, options) =>
    actions.storyReply(who, needed(request, 'text'), { ...options, ...given({ storyUrl: request.storyUrl }) }),
  'story-mention': (actions, who, { storyUrl }, options) =>
    actions.storyMention(who, { ...options, ...given({ storyUrl }) }),
  comment: (actions, who, request, options) =>
    actions.comment(who, needed(request, 'text'), {
      ...options,
      ...given({ mediaId: request.mediaId, form: request.form }),
    }),
  image: media('image'),
  video: media('video'),
  audio: media('audio'),
  file: media('file'),
  'quick-reply': (actions, who, request, options) =>
    actions.quickReply(who, needed(request, 'text'), { ...options, ...given({ payload: request.payload }) }),
  postback: (actions, who, request, options) =>
    actions.postback(who, needed(request, 'text'), { ...options, ...given({ payload: request.payload }) }),
  optin: (actions, who, { payload }, options) => actions.optin(who, { ...options, ...given({ payload }) }),
  unsend: (actions, who, request, options) => actions.unsend(who, needed(request, 'mid'), options),
  edit: (actions, who, request, options) => actions.edit(who, needed(request, 'mid'), needed(request, 'text'), options),
  'typed-on-phone': (actions, who, request, options) => actions.typedOnPhone(who, needed(request, 'text'), options),
}

const PERFORM_ACCOUNT: Record<
  string,
  (actions: Actions, at: SimulatedAccount, request: ActionRequest) => Promise<Webhook>
> = {
  'dashboard-test': (actions, at, { field }) => actions.dashboardTest(at, field),
  raw: (actions, at, { body, text }) => actions.raw(at, (body as object | undefined) ?? text ?? ''),
}

export const ACTIONS: readonly string[] = [...Object.keys(PERFORM), ...Object.keys(PERFORM_ACCOUNT)]

export async function perform(world: World, actions: Actions, request: ActionRequest): Promise<Webhook> {
  const action = String(request.action).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const account = world.theAccount(request.account)
  const forAccount = PERFORM_ACCOUNT[action]
  if (forAccount) return forAccount(actions, account, request)
  const act = PERFORM[action]
  if (!act) throw new BadRequest(`There is no action "${request.action}"; there are ${ACTIONS.join(', ')}`)
  const owner = request.mid === undefined ? undefined : world.ownerOf(request.mid)
  const who = owner ?? world.person(request.from ?? DEFAULT_PERSON, account, request.name)
  return act(actions, who, request, request.mid === undefined ? {} : { mid: request.mid })
}

import type { ChannelAccount } from '../../core/channel/delivery.ts'
import type { ConnectionCheck, ConnectionDoctor, Demanding, Reauthorize } from '../../ports/channel-adapter.ts'
import { asList, asShape, readFlag, readId, type Shape } from '../channel-kit/fields.ts'
import { askPlatform, createGraphClient, type GraphAnswer, type InstagramConfig } from './graph-client.ts'
import { readGraphError } from './graph-error.ts'
import { type GraphTarget, graphTarget, pathSegment } from './graph-target.ts'
import { isDelivered, type LoginConfig, missingOf, readScopes } from './login-answer.ts'
import { demandsIn, readOutcome } from './read-outcome.ts'

/** Without which messages and comments are not received or answered. */
const NEEDED = [
  'instagram_basic',
  'instagram_manage_messages',
  'instagram_manage_comments',
  'pages_manage_metadata',
] as const
const CONNECT_AGAIN = 'Connect the account again, or give the channel another access token.'
const TRY_LATER = 'Try again later.'
const LEAVE_ON = 'Connect the account again and leave every permission on.'
const OR_ACCESS =
  'Connect the account again and leave every permission on; if that does not help, the app lacks access to them.'
const SWITCH_ON =
  'In the Instagram app, switch on “Allow access to messages” under Settings, Messages and story replies, Message controls.'
const HAS_ALL = 'The token has the permissions that messages and comments take.'
const lacks = (missing: readonly string[]): string => `The token lacks ${missing.join(', ')}.`
const MANAGE = {
  messages: { instagram: 'instagram_business_manage_messages', facebook: 'instagram_manage_messages' },
  comments: 'instagram_business_manage_comments',
} as const
type Me = Shape<'user_id' | 'id' | 'instagram_business_account'>
type Linked = Shape<'id'>
type Listed = Shape<'data'>
type Inspected = Shape<'is_valid' | 'scopes'>

const check = (name: string, ok: boolean | null, detail: string, fix: string | null = null): ConnectionCheck => ({
  ...{ name, ok, detail, fix },
})

const notAsked = (fix: string | null): ConnectionCheck =>
  check('subscription', null, 'It cannot be asked for before the token is known to be valid.', fix)

/** What Meta's own answers show of a connection, one call for each question. */
type Known = Parameters<ConnectionDoctor['examine']>[0]
/** What a look at permissions has shown: null where nothing. */
type May = Readonly<{ check: ConnectionCheck; missing: readonly string[] | null }>
/** At what one permission gives. */
type Look = May & Readonly<{ permission: string }>

export function createDoctor(config: InstagramConfig & LoginConfig, fetch: typeof globalThis.fetch): ConnectionDoctor {
  const graph = createGraphClient(config, fetch)

  async function scopes({ flavour, token }: GraphTarget, known: Known, signal: AbortSignal): Promise<May> {
    const { metaApp: app } = config
    if (flavour === 'instagram') return { check: toldAtLogin(known.missingPermissions), missing: null }
    if (app === null) {
      const fix = 'Set META_APP_ID and META_APP_SECRET to have it checked.'
      return {
        check: check('scopes', null, 'Only the Meta app itself may ask what the token may do.', fix),
        missing: null,
      }
    }
    const query = new URLSearchParams({ input_token: token, access_token: `${app.id}|${app.secret}` })
    const version = config.graphVersion === '' ? '' : `/${config.graphVersion}`
    const url = `${config.facebookGraphUrl.replace(/\/+$/, '')}${version}/debug_token?${query}`
    const outcome = readOutcome(await askPlatform(fetch, url, { method: 'GET' }, signal, config.sendTimeoutMs))
    const facts = outcome.status === 'found' ? asShape<Inspected>(asShape<Listed>(outcome.body)?.data) : null
    const granted = readScopes(facts?.scopes)
    if (facts === null || !readFlag(facts.is_valid) || granted === null) {
      return { check: check('scopes', null, 'Meta did not tell what the token may do.', TRY_LATER), missing: null }
    }
    const missing = missingOf(NEEDED, granted)
    const told =
      missing.length === 0 ? check('scopes', true, HAS_ALL) : check('scopes', false, lacks(missing), LEAVE_ON)
    return { check: told, missing }
  }

  async function subscription(
    { flavour, node, token }: GraphTarget,
    { secrets }: ChannelAccount,
    signal: AbortSignal,
  ): Promise<Demanding & Readonly<{ check: ConnectionCheck; dead: Reauthorize | null }>> {
    const answer = await graph({ method: 'GET', flavour, path: `${node}/subscribed_apps`, token }, signal)
    const outcome = readOutcome(answer)
    const asked = (ok: boolean | null, detail: string, fix: string | null = null) => ({
      ...demandsIn(outcome),
      check: check('subscription', ok, detail, fix),
      dead: outcome.status === 'reauthorize' ? outcome : null,
    })
    if (outcome.status !== 'found') return asked(null, `Meta did not tell (${outcome.detail}).`, TRY_LATER)
    const app = flavour === 'facebook' ? config.metaApp : config.instagramApp
    // A channel with a secret of its own receives from an app of its own, whose id nobody has told us.
    const ours = secrets['appSecret'] === undefined ? app?.id : undefined
    const listed = asList(asShape<Listed>(outcome.body)?.data)
    const isAny = listed.some((one) => {
      const id = readId(asShape<Linked>(one)?.id)
      return isDelivered({ data: [one] }, ours ?? id ?? '')
    })
    if (!isAny) {
      const fix = 'Connect the account again, or subscribe it to messages as step 3.3 of the setup guide says.'
      return asked(false, 'The account delivers no messages to the app.', fix)
    }
    return ours === undefined
      ? asked(
          null,
          'The account delivers messages to an app.',
          'See in Meta’s dashboard that it is the one whose secret the channel has.',
        )
      : asked(true, 'The account delivers its messages to the app.')
  }

  /** The only way to see it with Instagram Login, and with both what the owner has switched off in the app on their phone. */
  async function messages({ flavour, node, token }: GraphTarget, signal: AbortSignal): Promise<May> {
    const path = `${node}/conversations?platform=instagram&limit=1`
    const outcome = readOutcome(await graph({ method: 'GET', flavour, path, token }, signal))
    const name = 'message-access'
    if (outcome.status === 'found')
      return { check: check(name, true, 'The account’s conversations may be read.'), missing: [] }
    if (!isForbidden(outcome)) return notTold(name, outcome.detail)
    if (outcome.platformCode === '200/2534041') {
      const detail = 'The account’s owner does not let apps see its messages.'
      return { check: check(name, false, detail, SWITCH_ON), missing: null }
    }
    const detail = `The token may not read messages (${outcome.detail}).`
    return { check: check(name, false, detail, OR_ACCESS), missing: [MANAGE.messages[flavour]] }
  }

  /** The only way to see it with Instagram Login; with Facebook's the token itself is asked. */
  async function comments({ token }: GraphTarget, signal: AbortSignal): Promise<May> {
    const name = 'comment-access'
    const ask = async (path: string) =>
      readOutcome(await graph({ method: 'GET', flavour: 'instagram', path, token }, signal))
    const posts = await ask('me/media?fields=id&limit=1')
    if (posts.status !== 'found') return notTold(name, posts.detail)
    const post = readId(asShape<Linked>(asList(asShape<Listed>(posts.body)?.data)[0])?.id, 64)
    if (post === null) {
      const detail = 'The account has no post by whose comments it could be seen.'
      return { check: check(name, null, detail), missing: null }
    }
    const outcome = await ask(`${pathSegment(post)}/comments?fields=id&limit=1`)
    if (outcome.status === 'found')
      return { check: check(name, true, 'The account’s comments may be read.'), missing: [] }
    if (!isForbidden(outcome)) return notTold(name, outcome.detail)
    const detail = `The token may not read comments (${outcome.detail}).`
    return { check: check(name, false, detail, OR_ACCESS), missing: [MANAGE.comments] }
  }

  return {
    // Events name the Meta app also where the account is connected through the Instagram app inside it.
    ownApps: [config.metaApp, config.instagramApp].flatMap((app) => (app === null ? [] : [app.id])),

    async examine(account, signal) {
      const target = graphTarget(account)
      if (target === null) {
        const token = check('token', false, 'The channel has no usable access token.', CONNECT_AGAIN)
        return { checks: [token, notAsked(CONNECT_AGAIN)], reauthorize: null }
      }
      const { flavour, token } = target
      const fields = flavour === 'facebook' ? 'id,instagram_business_account' : 'user_id,username'
      const answer = await graph({ method: 'GET', flavour, path: `me?fields=${fields}`, token }, signal)
      const outcome = readOutcome(answer)
      const access = accessOf(answer)
      if (outcome.status !== 'found') {
        const dead = outcome.status === 'reauthorize' ? outcome : null
        const first = dead
          ? check('token', false, 'Instagram no longer accepts the access token.', CONNECT_AGAIN)
          : check(
              'token',
              null,
              `Meta did not say whose token it is (${outcome.detail}).`,
              access.ok === false ? access.fix : TRY_LATER,
            )
        return { ...demandsIn(outcome), checks: [first, access, notAsked(first.fix)], reauthorize: dead }
      }
      const whose = tokenOf(outcome.body, account)
      // Two answers tell of the budget; the others have the same.
      const { check: delivered, dead, demands = [] } = await subscription(target, account, signal)
      const told = await scopes(target, account, signal)
      const seen: Look[] = [{ permission: MANAGE.messages[flavour], ...(await messages(target, signal)) }]
      if (flavour === 'instagram') seen.push({ permission: MANAGE.comments, ...(await comments(target, signal)) })
      const checks = [whose, access, told.check, ...seen.map((look) => look.check), delivered]
      const missingPermissions = allMissing(flavour, told, seen, account)
      return {
        ...{ checks, reauthorize: dead, demands: [...(outcome.demands ?? []), ...demands] },
        ...(missingPermissions === null ? {} : { missingPermissions }),
      }
    },
  }
}

/**
 * Facebook tells all of them at once; with Instagram all that can be seen have to have been, and one that could not be seen this time is
 * missing still if it was.
 */
function allMissing(
  flavour: GraphTarget['flavour'],
  told: May,
  seen: readonly Look[],
  { missingPermissions: known }: Known,
): readonly string[] | null {
  if (told.missing !== null) return told.missing
  const missing = seen.flatMap((look) => look.missing ?? known?.filter((one) => one === look.permission) ?? [])
  const isWhole = flavour === 'instagram' && seen.every((look) => look.missing !== null)
  return missing.length > 0 || isWhole ? missing : null
}

/** Instagram has no call that tells it: at the login only, and not of what is withdrawn later. */
function toldAtLogin(missing: readonly string[] | null): ConnectionCheck {
  if (missing === null) {
    const detail = 'Instagram has not told what this token may do; a missing permission shows as a refused call.'
    const fix = 'Where a call is refused for it, connect the account again and leave every permission on.'
    return check('scopes', null, detail, fix)
  }
  return missing.length === 0
    ? check('scopes', true, `${HAS_ALL} Instagram said so when the account was connected.`)
    : check('scopes', false, lacks(missing), LEAVE_ON)
}

type Withheld = Extract<ReturnType<typeof readOutcome>, { status: 'withheld' }>

const isForbidden = (outcome: ReturnType<typeof readOutcome>): outcome is Withheld =>
  outcome.status === 'withheld' && outcome.code === 'permission-missing'

const notTold = (name: string, detail: string): May => ({
  check: check(name, null, `Meta did not tell (${detail}).`, TRY_LATER),
  missing: null,
})

function tokenOf(body: unknown, { account, settings }: ChannelAccount): ConnectionCheck {
  const me = asShape<Me>(body)
  const linked = readId(asShape<Linked>(me?.instagram_business_account)?.id)
  // Not `id`: webhooks do not name the account by it.
  const ids = settings['login'] === 'facebook' ? [linked] : [readId(me?.user_id)]
  return ids.includes(account)
    ? check('token', true, 'Meta accepts the token, and it is this account’s.')
    : check(
        'token',
        false,
        'Meta accepts the token, but it is another account’s.',
        'Set pageId to the account’s id (`user_id` of /me), or give the channel that account’s token.',
      )
}

/** This message speaks of the verb and means the app. */
function accessOf(answer: GraphAnswer): ConnectionCheck {
  const error = answer.kind === 'answered' ? readGraphError(answer.body) : null
  if (error && /unsupported request - method type/i.test(error.message)) {
    const fix = 'Set the app Live, or give the account a role in it and let it accept the invitation.'
    return check('app-access', false, 'The app may not act for this account: it is probably not Live.', fix)
  }
  const isAnswered = answer.kind === 'answered' && error === null && answer.status < 300
  return isAnswered
    ? check('app-access', true, 'The app may act for this account. Whether it is Live, Meta does not tell.')
    : check(
        'app-access',
        null,
        'This answer does not show whether the app may act for the account.',
        answer.kind === 'answered' ? 'Mend the other points first, then examine the connection again.' : TRY_LATER,
      )
}

import type { RefusalCode } from '../../core/channel/delivery.ts'
import type { PauseReason } from '../../ports/views.ts'
import type { GraphError } from './graph-error.ts'

/** What an error means for a send. */
export type SendVerdict =
  | Readonly<{
      verdict: 'refused'
      code: RefusalCode
      say: string
      /** It concerns the account, not this message alone: its other calls wait so long. */
      pausesAccountMs?: number
      /** It says something of how the account is used: whoever watches the channel is told. */
      alert?: boolean
    }>
  | Readonly<{
      verdict: 'retry'
      pauses: 'message' | 'account' | 'app'
      afterMs: number | null
      say: string
      reason?: PauseReason
      bound?: Readonly<{ retries: number; code: RefusalCode }>
    }>
  /** Nothing more goes out until the account is connected again; `alert`: somebody is told at once. */
  | Readonly<{ verdict: 'reauthorize'; alert: boolean; say: string }>
  | Readonly<{ verdict: 'unknown'; say: string }>

const refused = (code: RefusalCode, say: string) => ({ verdict: 'refused', code, say }) as const
const pause = (
  pauses: 'account' | 'app',
  say: string,
  reason: PauseReason = pauses === 'app' ? 'app-throttled' : 'throttled',
): SendVerdict => ({ verdict: 'retry', pauses, afterMs: null, say, reason })
const inDoubt = (say: string): SendVerdict => ({ verdict: 'unknown', say })

/** Restrictions for policy last hours; asking sooner prolongs them. */
const HOUR_MS = 60 * 60 * 1000
const restricted = (say: string): SendVerdict => ({
  verdict: 'retry',
  pauses: 'account',
  afterMs: HOUR_MS,
  say,
  reason: 'restricted',
})
/** The platform could not get what it was to send; it may next time. */
const tryAgain = (retries: number, say: string): SendVerdict => ({
  verdict: 'retry',
  pauses: 'message',
  afterMs: null,
  say,
  bound: { retries, code: 'media-refused' },
})

const reauthorize = (say: string, alert = true): SendVerdict => ({ verdict: 'reauthorize', alert, say })
const REAUTHORIZE = reauthorize('Instagram no longer accepts the access token: connect the account again.')
const CONFIRM = reauthorize('Instagram wants the account owner to log in and confirm the account first.')
const WINDOW = refused(
  'messaging-window-closed',
  'The time in which Instagram allows an answer is over until the customer writes again.',
)
const NOT_OWNER = refused('not-thread-owner', 'Another app controls this conversation on Instagram at the moment.')
const NO_PERMISSION = refused('permission-missing', 'The app or the account lacks the permission to send messages.')
const UNAVAILABLE = refused('recipient-unavailable', 'This person cannot receive messages from the account right now.')
const UNKNOWN_PERSON = refused('recipient-unknown', 'Instagram does not know this recipient for the account.')
const BAD_CONTENT = refused('content-refused', 'Instagram does not accept this content.')
const BAD_MEDIA = refused('media-refused', 'Instagram does not accept this attachment.')
const COMMENT_USED = refused(
  'comment-reply-used',
  'Instagram allows no private reply to this comment: it was answered before, is too old, or is gone.',
)
const RESTRICTED = refused('account-restricted', 'Instagram does not let this account send messages.')
const COMMERCE = refused('platform-refused', 'Instagram refuses this for reasons of commerce or payment.')
const THROTTLED = 'Instagram asks to slow down.'
const PLATFORM_IN_TROUBLE = inDoubt('Instagram reported a fault and does not say whether the message went out.')

/**
 * By `code/subcode`, then `*` + `/subcode`, then `code`. Only what is known to have sent nothing may be tried again;
 * transient faults are doubt, since they have followed messages that were delivered.
 * https://developers.facebook.com/docs/messenger-platform/error-codes
 */
export const SEND_VERDICTS: Readonly<Record<string, SendVerdict>> = {
  '190': REAUTHORIZE,
  '190/459': CONFIRM,
  '190/464': CONFIRM,
  '102': reauthorize('Instagram wants a new session for the access token: connect the account again.', false),

  '3': refused(
    'permission-missing',
    'The app lacks this capability, or the account id does not fit the kind of token.',
  ),
  '10': NO_PERMISSION,
  '10/2534022': WINDOW,
  '10/2018278': WINDOW,
  '10/2018065': WINDOW,
  '10/2018108': UNAVAILABLE,
  '10/2534077': refused(
    'permission-missing',
    'Instagram cannot verify the link between Page, account and user, or asks for two-factor login.',
  ),
  '10/1893063': restricted('Instagram has restricted the account for a while.'),
  '27': NO_PERMISSION,

  '100': BAD_CONTENT,
  '100/33': UNKNOWN_PERSON,
  '100/2018001': UNKNOWN_PERSON,
  '100/2534014': UNKNOWN_PERSON,
  '100/2534013': refused('permission-missing', 'The Facebook Page is not linked to the Instagram account.'),
  '100/2534015': BAD_CONTENT,
  '100/2534025': COMMENT_USED,
  '100/2534029': { ...RESTRICTED, pausesAccountMs: HOUR_MS },
  '100/2534037': NOT_OWNER,
  '*/2018300': NOT_OWNER,
  '2018300': NOT_OWNER,
  '100/2534068': refused('media-refused', 'Instagram does not take several images in one message from this account.'),
  '100/2018008': tryAgain(2, 'Instagram could not fetch the attachment.'),
  '100/2018294': tryAgain(1, 'Instagram could not fetch the video in time.'),
  '100/2018047': BAD_MEDIA,
  '100/2018074': BAD_MEDIA,
  '100/2018109': refused('media-refused', 'The attachment is too large for Instagram.'),
  '10900': COMMENT_USED,
  '10901': COMMENT_USED,
  '10902': COMMENT_USED,
  '10903': COMMENT_USED,

  '200/2534041': refused(
    'permission-missing',
    'The account owner has switched off "Allow access to messages" in the Instagram app.',
  ),
  '200/2018028': refused('permission-missing', 'The app is not approved yet for people without a role in it.'),
  '200/1545041': UNAVAILABLE,
  '551': UNAVAILABLE,
  '9010': UNKNOWN_PERSON,

  '1': PLATFORM_IN_TROUBLE,
  '2': PLATFORM_IN_TROUBLE,
  '-1': PLATFORM_IN_TROUBLE,
  '-2': PLATFORM_IN_TROUBLE,
  '1200': PLATFORM_IN_TROUBLE,
  '20/1772107': PLATFORM_IN_TROUBLE,

  '4': pause('app', THROTTLED),
  '17': pause('account', THROTTLED),
  '32': pause('account', THROTTLED),
  '341': pause('app', THROTTLED),
  '613': pause('account', THROTTLED),
  // Nobody's ordinary pace: somebody has to look at what calls so unevenly.
  '613/1996': pause('app', 'Instagram sees an unusual volume of calls by this app.', 'restricted'),
  '613/2018338': {
    ...refused('platform-refused', 'Too many messages outside the normal window were sent to this person.'),
    alert: true,
  },
  '80001': pause('account', THROTTLED),
  '80002': pause('account', THROTTLED),
  '80006': pause('account', THROTTLED),
  '368': restricted('Instagram has blocked this action for a while.'),

  '506': refused('content-refused', 'Instagram refuses the same text twice.'),
  '2500': refused(
    'platform-refused',
    'The address of the call is wrong: check INSTAGRAM_GRAPH_URL and META_GRAPH_VERSION.',
  ),
  '36103': RESTRICTED,
  '2022': COMMERCE,
  '24001': COMMERCE,
}

/** Whatever code it comes with: Meta lists none. */
const NEEDS_HUMAN_AGENT = /to use .?human agent/i
const NO_HUMAN_AGENT = refused('human-agent-not-approved', 'The app has no approval for the Human Agent feature.')

// Meanings that only the message tells.
const BY_MESSAGE: readonly (readonly [RegExp, SendVerdict])[] = [
  [/another app is controlling this thread/i, NOT_OWNER],
  [/unsupported request - method type/i, refused('permission-missing', 'The app may not act for this account yet.')],
  [
    /length of param message|message.{0,20}too long/i,
    refused('content-too-long', 'The text is too long for Instagram.'),
  ],
]

/** A wrong address is refused before anybody is looked up, and yet with a 500. */
export const isWrongAddress = ({ code, message }: GraphError): boolean =>
  code === 2500 && /unknown path components/i.test(message)

/** The verdict on an error that came with a 4xx. */
export function verdictOf(error: GraphError): SendVerdict {
  const { code, subcode, message } = error
  const exact = subcode === null ? undefined : (row(`${code}/${subcode}`) ?? row(`*/${subcode}`))
  const listed = exact ?? (code === null ? undefined : row(`${code}`))
  const isAboutAccount = listed?.verdict === 'reauthorize' || listed?.verdict === 'retry'
  if (NEEDS_HUMAN_AGENT.test(message) && !isAboutAccount) return NO_HUMAN_AGENT
  if (exact) return exact
  const told = BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1]
  if (told && (code === null || code === 10 || code === 100 || code === 403 || isPermission(code))) return told
  if (listed) return listed
  if (code !== null && isPermission(code)) return NO_PERMISSION
  if (error.isTransient) return PLATFORM_IN_TROUBLE
  return refused('platform-refused', 'Instagram refused the message.')
}

const row = (key: string): SendVerdict | undefined =>
  Object.hasOwn(SEND_VERDICTS, key) ? SEND_VERDICTS[key] : undefined

const isPermission = (code: number): boolean => code >= 200 && code <= 299

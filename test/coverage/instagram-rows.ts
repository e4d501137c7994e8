/**
 * What this project says it does on Instagram, one row a kind. A row of what comes in names its fixtures, whose parser test
 * proves it; every other row is proved by the test under a comment that names it:
 *
 *     // proves: out.image, login.facebook
 *     test('an image goes out by its link', …)
 *
 * A row that nothing proves fails the suite, unless `missing` says why. After a change: `npm run coverage:instagram`
 * writes docs/instagram-coverage.md anew.
 */
export type Row = Readonly<{
  id: string
  says: string
  /** Names in test/fixtures/instagram. */
  fixtures?: readonly string[]
  /** Why nothing proves it; a test that does wins over it. */
  missing?: string
}>

const row = (id: string, says: string, missing?: string): Row => ({
  id,
  says,
  ...(missing === undefined ? {} : { missing }),
})
const seen = (id: string, says: string, ...fixtures: string[]): Row => ({ id, says, fixtures })

const NOT_YET = 'not built yet'

export const SECTIONS: Readonly<Record<string, readonly Row[]>> = {
  Envelopes: [
    seen('envelope.messaging', '`messaging[]`', 'text'),
    seen('envelope.standby', '`standby[]`: another app has the conversation', 'standby', 'standby-postback'),
    seen('envelope.changes', '`changes[]`', 'comment'),
    seen('envelope.flat', 'one change flat on the entry', 'comment-flat'),
    seen('envelope.handovers', '`messaging_handovers[]`', 'request-thread-control'),
    seen('envelope.mixed', 'several of them in one entry', 'every-envelope'),
    seen('envelope.changes-of-messages', 'direct messages in `changes[]`', 'message-in-changes'),
    seen('envelope.several-items', 'several items in one entry', 'two-items', 'live-comment-burst'),
    seen('envelope.several-accounts', 'several accounts in one body', 'two-accounts'),
    seen('envelope.wrapped', 'the whole body in a list', 'wrapped-in-a-list'),
    seen('envelope.junk', 'null and wrong-typed members beside good ones', 'junk-among-good'),
    seen('envelope.numbers', 'ids as bare numbers beyond 2^53', 'bare-number-ids'),
    seen('envelope.changed-fields', '`changed_fields`: names without values', 'changed-fields'),
    seen('envelope.empty', 'an entry with nothing in it', 'empty-entry'),
    seen('envelope.page', '`object: page`', 'page-object'),
    seen('envelope.unknown-object', 'an unknown object', 'unknown-object'),
    row('envelope.thousand', 'up to 1,000 events in one body'),
    row('envelope.unreadable', 'what is no JSON is put aside with its reason'),
    row('envelope.mutated', 'whatever a signed body holds, its neighbours are stored'),
  ],
  'Authenticity and times': [
    row('webhook.handshake', 'the handshake gives the challenge back'),
    row('webhook.signature', 'the signature over the bytes of the wire'),
    row('webhook.several-secrets', 'one of several secrets signs'),
    row('webhook.whole-app', 'one webhook for a whole app, split by account', NOT_YET),
    row('time.units', 'times in seconds, milliseconds and text'),
    row('time.absurd', 'missing and absurd times fall back'),
  ],
  'Messages that come in': [
    seen('in.text', 'text', 'text', 'text-unicode', 'attachments-null', 'not-deleted'),
    seen('in.image', 'image', 'image', 'image-with-sticker-id'),
    seen('in.video', 'video', 'video'),
    seen('in.audio', 'audio', 'audio'),
    seen('in.file', 'file', 'file'),
    seen('in.several-attachments', 'several attachments with a text', 'several-attachments'),
    seen('in.share', 'a shared post, in its older form', 'share'),
    seen('in.ig-post', 'a shared post, also with its older twin', 'ig-post', 'ig-post-with-share'),
    seen('in.ig-reel', 'a shared reel', 'ig-reel'),
    seen('in.reel', 'a shared reel of Facebook', 'facebook-reel'),
    seen('in.story', 'a shared story', 'story-share', 'ig-story'),
    seen('in.media', 'shared media', 'media'),
    seen('in.ephemeral', 'a photo to be seen once', 'ephemeral'),
    seen('in.like-heart', 'the heart sticker', 'like-heart'),
    seen(
      'in.unknown-attachment',
      'attachments of unknown kinds',
      'unknown-attachment',
      'fallback-attachment',
      'attachment-without-type',
    ),
    seen('in.unsupported', 'what the API does not carry', 'unsupported', 'unsupported-with-text'),
    seen('in.quick-reply', 'a tapped quick reply', 'quick-reply'),
    seen('in.postback', 'a tapped button', 'postback', 'postback-without-id', 'postback-in-changes'),
    seen('in.postback-standby', 'a tapped button in standby, without payload', 'standby-postback'),
    seen('in.reply', 'an answer to a message, known or not', 'reply-to-message'),
    seen('in.reply-to-nothing', '`reply_to: {}`', 'reply-to-nothing'),
    seen('in.story-reply', 'an answer to a story', 'story-reply', 'story-reply-without-link'),
    seen('in.story-mention', 'the account mentioned in a story', 'story-mention', 'story-mention-with-id'),
    seen('in.self', 'the account writes to itself', 'self-message', 'self-postback'),
    seen('in.unknown', 'events of kinds to come', 'unknown-event', 'unknown-change'),
  ],
  Echoes: [
    seen('echo.phone', 'from the Instagram app', 'echo', 'echo-without-flag', 'sticker-echo'),
    seen('echo.business-suite', 'from Business Suite', 'echo-by-business-suite'),
    seen('echo.other-app', 'from another app', 'echo-by-other-app'),
    seen('echo.ai', 'from Meta’s AI', 'echo-by-ai'),
    seen('echo.template', 'a template', 'template-echo', 'template-echo-empty'),
    row('echo.own', 'of our own send, before and after its answer'),
    row('echo.same-words', 'the same words typed on the phone meanwhile stay a message of their own'),
  ],
  'What is said of messages': [
    seen('said.unsend', 'unsend, of either side', 'unsend', 'unsend-of-echo'),
    row('said.unsend-early', 'unsend before its message, twice, and of an unknown one'),
    row('said.unsend-everywhere', 'the words of an unsent message are nowhere any more'),
    seen('said.edit', 'edit', 'edit', 'edit-counted-in-text', 'edit-in-changes'),
    seen('said.ghost-edit', 'edits that announce, or have no text', 'ghost-edit', 'edit-without-text'),
    row('said.announced-only', 'a message that is announced and never delivered'),
    row('said.edit-out-of-order', 'edits out of order'),
    seen('said.react', 'reaction', 'reaction', 'reaction-in-changes'),
    seen('said.react-custom', 'reaction with an emoji of one’s own', 'reaction-custom-emoji'),
    seen('said.unreact', 'reaction taken back', 'reaction-removed', 'reaction-removed-by-verb'),
    row('said.early', 'what is said of a message before it comes'),
    seen('said.read', 'read receipt', 'read', 'read-in-changes'),
    seen('said.delivery', 'delivery, app roles, feedback: of Messenger', 'delivery', 'app-roles', 'response-feedback'),
  ],
  'What is said of conversations': [
    seen('thread.referral', 'referral by link', 'referral', 'referral-in-changes', 'referral-empty'),
    seen(
      'thread.referral-ad',
      'referral by ad, its id as text or number',
      'referral-of-ad',
      'ad-referral-message',
      'ad-referral-number',
    ),
    seen('thread.referral-product', 'referral by product', 'referral-of-product', 'product-referral-message'),
    seen('thread.referral-postback', 'referral of a tapped button', 'postback-with-referral'),
    seen('thread.optin', 'opt-in', 'optin', 'optin-by-link', 'optin-in-changes'),
    seen(
      'thread.pass',
      'pass thread control',
      'pass-thread-control',
      'pass-thread-control-to-nobody',
      'pass-thread-control-numbers',
      'pass-thread-control-in-changes',
    ),
    seen('thread.take', 'take thread control', 'take-thread-control'),
    seen('thread.request', 'request thread control', 'request-thread-control'),
    seen('thread.policy', 'policy enforcement', 'policy-enforcement'),
  ],
  'Comments and mentions': [
    seen('comment.top', 'a comment', 'comment', 'comment-with-comment-id', 'comment-time-in-milliseconds'),
    seen(
      'comment.without',
      'without text, author or author’s id',
      'comment-without-text',
      'comment-without-author',
      'comment-without-author-id',
    ),
    seen('comment.reply', 'a reply to a comment', 'comment-reply'),
    seen('comment.ad', 'a comment on an ad', 'comment-on-ad'),
    seen('comment.own', 'the account’s own comments', 'comment-own'),
    seen('comment.live', 'comments of a broadcast, in bursts', 'live-comment', 'live-comment-burst'),
    row('comment.post', 'the post of a comment, and that it is gone'),
    seen('mention.caption', 'mention in a caption', 'mention-in-caption'),
    seen('mention.comment', 'mention in a comment', 'mention-in-comment'),
    row('mention.words', 'the words of a mention are asked for'),
    seen('insights', 'story insights', 'story-insights'),
  ],
  'Samples of the dashboard': [
    seen('dashboard.messages', '`messages`, in both forms', 'dashboard-message', 'dashboard-message-as-messaging'),
    seen(
      'dashboard.others',
      'the other fields of conversations',
      'dashboard-reaction',
      'dashboard-postback',
      'dashboard-read',
      'dashboard-referral',
      'dashboard-edit',
      'dashboard-thread-control',
    ),
    seen('dashboard.comments', '`comments` and `live_comments`', 'dashboard-comment', 'dashboard-live-comment'),
    seen('dashboard.mentions', '`mentions` and `story_insights`', 'dashboard-mention', 'dashboard-story-insights'),
    row('dashboard.real', 'a real comment is no sample'),
  ],
  'Order and repetition': [
    row('order.any', 'any permutation, repetition and split ends in the same state'),
    row('order.replay', 'a replay of everything changes nothing'),
    row('order.agent', 'repetition changes nothing either when an agent resolved or replied in between'),
    row('order.at-once', 'several workers at the same conversation'),
  ],
  'What is sent': [
    row('out.text', 'text, up to 1,000 bytes of UTF-8'),
    row('out.split', 'a longer text in ordered parts'),
    row('out.image', 'image'),
    row('out.video', 'video'),
    row('out.audio', 'audio'),
    row('out.file', 'file'),
    row('out.several', 'several attachments, each part tracked by itself'),
    row('out.upload-link', 'an uploaded file is there for Meta under an expiring link'),
    row('out.media-fetch', 'the simulator fetches what is sent, and refuses with Meta’s codes'),
    row('out.upload', 'an uploaded file is sent by its link'),
    row('out.quick-replies', 'quick replies'),
    row('out.generic-template', 'generic template'),
    row('out.button-template', 'button template'),
    row('out.heart', 'the heart'),
    row('out.react', 'reaction', NOT_YET),
    row('out.unreact', 'reaction taken back', NOT_YET),
    row('out.reply-to', 'an answer to one message, where it works'),
    row('out.typing', 'typing', NOT_YET),
    row('out.seen', 'mark seen', NOT_YET),
    row('out.private-reply', 'private reply to a comment, once, within seven days'),
    row('out.comment-reply', 'public reply to a comment'),
    row('out.hide', 'hide and unhide a comment'),
    row('out.delete-comment', 'delete a comment'),
    row('out.human-agent', 'a person’s answer after a day, where it is approved'),
    row('out.window', 'a closed window refuses, with what reopens it'),
    row('out.pages', 'messages of a Page’s account go through the Page'),
  ],
  'What goes wrong': [
    row('fail.catalogue', 'every known code, its subcodes, and what follows'),
    row('fail.throttle', 'throttled: waits as told, no other account waits'),
    row('fail.ambiguous', 'delivered, then 500, timeout or reset: UNKNOWN, resolved by the echo, never sent twice'),
    row('fail.token', 'a rejected token stops sending and loses no reply'),
    row('fail.refused', 'a refusal is FAILED with a stable code, and can be tried again'),
    row('fail.unknown-read', 'UNKNOWN resolved by reading the conversation', NOT_YET),
    row('fail.unknown-shown', 'UNKNOWN after two minutes: check again, send again', NOT_YET),
    row('fail.comment-created', 'a comment call answered 20/1772107 was created, and is not sent twice'),
  ],
  'Connecting an account': [
    row('login.instagram', 'Instagram Login: authorize, exchange, account id, subscribe', NOT_YET),
    row('login.facebook', 'Facebook Login: pages, page token, subscribe', NOT_YET),
    row('login.denied', 'denied, or with fewer permissions', NOT_YET),
    row('login.refresh', 'tokens are refreshed by their age'),
    row('login.reauthorize', 'a dead token: NEEDS_REAUTH, sends wait, and go out after reconnecting'),
    row('login.verify', 'the connection doctor'),
    row('login.deauthorize', 'deauthorize and data deletion', NOT_YET),
    row('login.profile', 'profiles, asked of the login the token is from'),
    row('login.history', 'conversations read under the ids that webhooks carry, both logins'),
    row('login.import', 'recent conversations are imported at connect', NOT_YET),
    row('login.gaps', 'what Meta never delivered is found', NOT_YET),
  ],
}

export const ROWS: readonly Row[] = Object.values(SECTIONS).flat()

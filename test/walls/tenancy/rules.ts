import type { Field } from './fields.ts'
import type { ShopIds } from './two-shops.ts'

export type Thing = keyof ShopIds

/** What it is answered where the permission is there; the same for a thing of another organization and for none at all. */
export type Expected = Readonly<{ status: number; code: string | null }>
export const NOT_FOUND: Expected = { status: 404, code: 'not-found' }
/** A filter finds nothing. */
const NOTHING: Expected = { status: 200, code: null }
const NOT_A_MEMBER: Expected = { status: 422, code: 'assignee-not-member' }
const INVALID_STATE: Expected = { status: 403, code: 'connect-state-invalid' }
const OTHER_LIST: Expected = { status: 400, code: 'cursor-mismatch' }

type Rule = Readonly<{ thing: Thing; expected: Expected }>

/** Fields of queries and bodies that name a thing, by `operationId.name`, and what they are answered. */
const NAMED: Readonly<Record<string, Rule>> = {
  'switchOrganization.orgId': { thing: 'orgId', expected: NOT_FOUND },
  'revokeSession.sessionId': { thing: 'sessionId', expected: NOT_FOUND },
  'removeMember.reassignTo': { thing: 'memberId', expected: NOT_A_MEMBER },
  'createApiKey.channelIds': { thing: 'channelId', expected: NOT_FOUND },
  'updateTicket.assigneeId': { thing: 'memberId', expected: NOT_A_MEMBER },
  'sendMessage.attachmentId': { thing: 'attachmentId', expected: NOT_FOUND },
  'sendMessage.replyToMessageId': { thing: 'messageId', expected: { status: 422, code: 'capability-missing' } },
  'createAttachment.channelId': { thing: 'channelId', expected: NOT_FOUND },
  'createAttachment.ticketId': { thing: 'ticketId', expected: NOT_FOUND },
  'listAuditEntries.actorId': { thing: 'memberId', expected: NOTHING },
  'listAuditEntries.resourceId': { thing: 'channelId', expected: NOTHING },
  'listCustomers.channelId': { thing: 'channelId', expected: NOTHING },
  'listTickets.channelId': { thing: 'channelId', expected: NOTHING },
  'listTickets.customerId': { thing: 'customerId', expected: NOTHING },
  'finishInstagramLogin.state': { thing: 'state', expected: INVALID_STATE },
  'finishFacebookLogin.state': { thing: 'state', expected: INVALID_STATE },
  'chooseFacebookAccount.choice': { thing: 'choice', expected: INVALID_STATE },
}

/** Texts that name nothing of an organization, by `operationId.name` or the name alone, and why. */
const NO_THINGS: Readonly<Record<string, string>> = {
  name: 'what somebody calls it',
  orgName: 'what somebody calls it',
  email: 'a person, not of one organization',
  password: 'a secret of a person',
  allowedCidrs: 'a network',
  currentPassword: 'a secret of a person',
  newPassword: 'a secret of a person',
  content: 'words to a customer',
  title: 'words to a customer',
  subtitle: 'words to a customer',
  text: 'words to a customer',
  payload: 'comes back as it is',
  emoji: 'a sign',
  'listAuditEntries.action': 'a word for what is done',
  'listAuditEntries.resourceType': 'a word for a kind of thing',
  filename: 'what a file is called',
  reason: 'a word for why',
  platform: 'a word for a network',
  type: 'a word for a kind of channel',
  error: 'what a platform says',
  code: 'of a platform, a problem or a sealed receipt',
  file: 'a script of a page',
  account: 'of a platform, among those that the choice offers',
  config: 'settings of a channel; an account that is taken is tried by itself',
  clientMessageId: 'the caller’s own, in its ticket; tried by itself',
  'idempotency-key': 'the caller’s own; tried by itself',
  'last-event-id': 'a number of the organization’s own; tried by itself',
  token: 'a sealed link; tried by itself',
  'hub.mode': 'what a platform says',
  'hub.verify_token': 'a secret of the platform’s',
  'hub.challenge': 'comes back as it is',
  // Where a platform posts to: a signature opens it and nothing else.
  'receiveWebhook.channelId': 'the platform’s door',
  'verifyWebhook.channelId': 'the platform’s door',
}

/** Null: it names nothing. Throws for a field that nobody has thought of here. */
export function ruleOf({ in: part, name, operation, at }: Field): Rule | null {
  const key = `${operation.operationId}.${name}`
  const named = NAMED[key]
  if (named) return named
  if (name === 'cursor') return { thing: `${operation.operationId}.cursor`, expected: OTHER_LIST }
  if (NO_THINGS[key] ?? NO_THINGS[name]) return null
  throw new Error(`${key} (${part} ${at.join('.')}) may name a thing of another organization: say in rules.ts which`)
}

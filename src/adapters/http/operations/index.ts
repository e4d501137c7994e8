import type { Operation } from '../operation.ts'
import type { WebhookOperation } from '../webhook-exchange.ts'
import { acceptInvitation } from './accept-invitation.ts'
import { changePassword } from './change-password.ts'
import { checkMessage } from './check-message.ts'
import { chooseFacebookAccount } from './choose-facebook-account.ts'
import { confirmPassword } from './confirm-password.ts'
import { confirmPasswordReset } from './confirm-password-reset.ts'
import { connectFacebook } from './connect-facebook.ts'
import { connectInstagram } from './connect-instagram.ts'
import { createApiKey } from './create-api-key.ts'
import { createAttachment } from './create-attachment.ts'
import { createChannel } from './create-channel.ts'
import { createInvitation } from './create-invitation.ts'
import { deleteAttachment } from './delete-attachment.ts'
import { deleteChannel } from './delete-channel.ts'
import { deleteComment } from './delete-comment.ts'
import { endMemberSessions } from './end-member-sessions.ts'
import { eraseCustomer } from './erase-customer.ts'
import { exportCustomer } from './export-customer.ts'
import { finishFacebookLogin } from './finish-facebook-login.ts'
import { finishInstagramLogin } from './finish-instagram-login.ts'
import { getApiKey } from './get-api-key.ts'
import { getAttachment } from './get-attachment.ts'
import { getChannel } from './get-channel.ts'
import { getCustomer } from './get-customer.ts'
import { getDataDeletion } from './get-data-deletion.ts'
import { getErasure } from './get-erasure.ts'
import { getExport } from './get-export.ts'
import { getExportFile } from './get-export-file.ts'
import { getImport } from './get-import.ts'
import { getInvitationPage } from './get-invitation-page.ts'
import { getLiveness } from './get-liveness.ts'
import { getMe } from './get-me.ts'
import { getMedia } from './get-media.ts'
import { getMember } from './get-member.ts'
import { getMessage } from './get-message.ts'
import { getMetrics } from './get-metrics.ts'
import { getOpenapiJson } from './get-openapi-json.ts'
import { getOpenapiYaml } from './get-openapi-yaml.ts'
import { getPasswordResetPage } from './get-password-reset-page.ts'
import { getPostmanCollection } from './get-postman-collection.ts'
import { getProblem } from './get-problem.ts'
import { getRawEvent } from './get-raw-event.ts'
import { getReadiness } from './get-readiness.ts'
import { getRoot } from './get-root.ts'
import { getScript } from './get-script.ts'
import { getTicket } from './get-ticket.ts'
import { hideComment } from './hide-comment.ts'
import { listApiKeys } from './list-api-keys.ts'
import { listAuditEntries } from './list-audit-entries.ts'
import { listChannelTypes } from './list-channel-types.ts'
import { listChannels } from './list-channels.ts'
import { listCustomers } from './list-customers.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import { listEvents } from './list-events.ts'
import { listInvitations } from './list-invitations.ts'
import { listMembers } from './list-members.ts'
import { listMessages } from './list-messages.ts'
import { listNotifications } from './list-notifications.ts'
import { listProblems } from './list-problems.ts'
import { listRawEvents } from './list-raw-events.ts'
import { listSessions } from './list-sessions.ts'
import { listTickets } from './list-tickets.ts'
import { logIn } from './log-in.ts'
import { logOut } from './log-out.ts'
import { markSeen } from './mark-seen.ts'
import { receiveAppWebhook } from './receive-app-webhook.ts'
import { receiveDataDeletion } from './receive-data-deletion.ts'
import { receiveDeauthorization } from './receive-deauthorization.ts'
import { receiveWebhook } from './receive-webhook.ts'
import { removeMember } from './remove-member.ts'
import { removeReaction } from './remove-reaction.ts'
import { renewInvitation } from './renew-invitation.ts'
import { replayDeadLetter } from './replay-dead-letter.ts'
import { replayDeadLetters } from './replay-dead-letters.ts'
import { replayRawEvent } from './replay-raw-event.ts'
import { replayRawEvents } from './replay-raw-events.ts'
import { requestPasswordReset } from './request-password-reset.ts'
import { retryMessage } from './retry-message.ts'
import { revokeApiKey } from './revoke-api-key.ts'
import { revokeInvitation } from './revoke-invitation.ts'
import { revokeOtherSessions } from './revoke-other-sessions.ts'
import { revokeSession } from './revoke-session.ts'
import { sendMessage } from './send-message.ts'
import { sendMessageAgain } from './send-message-again.ts'
import { setReaction } from './set-reaction.ts'
import { showComment } from './show-comment.ts'
import { showInvitation } from './show-invitation.ts'
import { showTyping } from './show-typing.ts'
import { signUp } from './sign-up.ts'
import { startImport } from './start-import.ts'
import { streamEvents } from './stream-events.ts'
import { switchOrganization } from './switch-organization.ts'
import { updateChannel } from './update-channel.ts'
import { updateMember } from './update-member.ts'
import { updateNotification } from './update-notification.ts'
import { updateTicket } from './update-ticket.ts'
import { verifyAppWebhook } from './verify-app-webhook.ts'
import { verifyChannel } from './verify-channel.ts'
import { verifyWebhook } from './verify-webhook.ts'

/** Every operation of the contract, by its `operationId`. */
export const operations = {
  createAttachment,
  deleteAttachment,
  getAttachment,
  getMedia,
  chooseFacebookAccount,
  connectFacebook,
  connectInstagram,
  createChannel,
  deleteChannel,
  deleteComment,
  hideComment,
  showComment,
  setReaction,
  removeReaction,
  showTyping,
  markSeen,
  eraseCustomer,
  exportCustomer,
  finishFacebookLogin,
  finishInstagramLogin,
  getChannel,
  getCustomer,
  getDataDeletion,
  getErasure,
  getExport,
  getExportFile,
  getImport,
  getInvitationPage,
  getPasswordResetPage,
  getScript,
  getLiveness,
  getMe,
  getMessage,
  getMetrics,
  getOpenapiJson,
  getOpenapiYaml,
  getPostmanCollection,
  getProblem,
  getRawEvent,
  getReadiness,
  getRoot,
  getTicket,
  listChannelTypes,
  listChannels,
  listCustomers,
  listDeadLetters,
  listEvents,
  listMessages,
  listNotifications,
  listProblems,
  listRawEvents,
  listTickets,
  getMember,
  createInvitation,
  renewInvitation,
  revokeInvitation,
  listInvitations,
  showInvitation,
  acceptInvitation,
  listMembers,
  endMemberSessions,
  listAuditEntries,
  removeMember,
  revokeApiKey,
  listApiKeys,
  getApiKey,
  createApiKey,
  updateMember,
  changePassword,
  confirmPassword,
  logIn,
  logOut,
  switchOrganization,
  requestPasswordReset,
  confirmPasswordReset,
  listSessions,
  revokeSession,
  revokeOtherSessions,
  receiveAppWebhook,
  receiveDataDeletion,
  receiveDeauthorization,
  receiveWebhook,
  replayDeadLetter,
  replayDeadLetters,
  replayRawEvent,
  replayRawEvents,
  retryMessage,
  checkMessage,
  sendMessageAgain,
  sendMessage,
  signUp,
  startImport,
  streamEvents,
  updateChannel,
  updateNotification,
  updateTicket,
  verifyAppWebhook,
  verifyChannel,
  verifyWebhook,
} as const satisfies Record<string, Operation | WebhookOperation>

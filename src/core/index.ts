import type { CorePorts } from '../ports/core-ports.ts'
import { createApiKey } from './api-key/create-api-key.ts'
import { revokeApiKey } from './api-key/revoke-api-key.ts'
import { apiKeyStands, useApiKey } from './api-key/use-api-key.ts'
import { acceptAppWebhook, answerAppHandshake } from './channel/accept-app-webhook.ts'
import { acceptWebhook } from './channel/accept-webhook.ts'
import { answerHandshake } from './channel/answer-handshake.ts'
import { beginConnect } from './channel/begin-connect.ts'
import { createChannel } from './channel/create-channel.ts'
import { disconnectChannel } from './channel/disconnect-channel.ts'
import { chooseAccount, finishConnect } from './channel/finish-connect.ts'
import { lookUpMedia } from './channel/look-up-media.ts'
import { lookUpMention } from './channel/look-up-mention.ts'
import { planTokenChecks, refreshToken } from './channel/refresh-token.ts'
import { subscribe } from './channel/subscribe.ts'
import { takeWithdrawal } from './channel/take-withdrawal.ts'
import { unsubscribe } from './channel/unsubscribe.ts'
import { updateChannel } from './channel/update-channel.ts'
import { verifyChannel } from './channel/verify-channel.ts'
import { continueErasure, eraseCustomer } from './customer/erase-customer.ts'
import { continueExport, exportCustomer, fetchExport } from './customer/export-customer.ts'
import { lookUpProfile } from './customer/look-up-profile.ts'
import { reviveDeadLetter, reviveDeadLetters } from './dead-letter/revive-dead-letters.ts'
import { continueImport, startImport } from './history/import-history.ts'
import { lookUpMessage } from './history/look-up-message.ts'
import { planSweeps, sweepChannel } from './history/sweep-channel.ts'
import { acceptInvitation, findInvitation } from './member/accept-invitation.ts'
import { addMember } from './member/add-member.ts'
import { changeMember, removeMember } from './member/change-member.ts'
import { changePassword } from './member/change-password.ts'
import { endMemberSessions } from './member/end-sessions.ts'
import { invite, renewInvitation, revokeInvitation } from './member/invite.ts'
import { noteAccess, noteFailedSignIn } from './member/note-access.ts'
import { offerPassword } from './member/offer-password.ts'
import { askForReset, resetByLetter } from './member/reset-by-letter.ts'
import { resetPassword } from './member/reset-password.ts'
import { checkDoubt } from './message/check-doubt.ts'
import { checkMessage } from './message/check-message.ts'
import { claimEntries } from './message/claim-entries.ts'
import { deliverDue } from './message/deliver-message.ts'
import { moderateComment } from './message/moderate-comment.ts'
import { putAsideGivenUp, receiveWebhooks } from './message/receive-webhooks.ts'
import { retryMessage } from './message/retry-message.ts'
import { routeAppDeliveries } from './message/route-app-deliveries.ts'
import { sendAgain } from './message/send-again.ts'
import { sendReply } from './message/send-reply.ts'
import { tellUnconfirmed } from './message/tell-unconfirmed.ts'
import { markNotification } from './notification/mark-notification.ts'
import { logIn } from './organization/log-in.ts'
import { signUp } from './organization/sign-up.ts'
import { continueReplay, replayRawEvent, replayRawEvents } from './raw-event/replay-raw-events.ts'
import { react } from './reaction/react.ts'
import { showReaction } from './reaction/show-reaction.ts'
import { expireMessages } from './retention/expire-messages.ts'
import { signalCustomer } from './ticket/signal-customer.ts'
import { updateTicket } from './ticket/update-ticket.ts'
import { deleteUpload } from './upload/delete-upload.ts'
import { storeUpload } from './upload/store-upload.ts'

/** Every use case by name: the table of contents of the product. Screens read `InboxQueries` and `EventFeed`. */
export const createCore = (ports: CorePorts) => ({
  signUp: signUp(ports),
  logIn: logIn(ports),
  noteAccess: noteAccess(ports),
  noteFailedSignIn: noteFailedSignIn(ports),
  endMemberSessions: endMemberSessions(ports),
  addMember: addMember(ports),
  changeMember: changeMember(ports),
  removeMember: removeMember(ports),
  resetPassword: resetPassword(ports),
  offerPassword: offerPassword(ports),
  changePassword: changePassword(ports),
  invite: invite(ports),
  renewInvitation: renewInvitation(ports),
  revokeInvitation: revokeInvitation(ports),
  findInvitation: findInvitation(ports),
  acceptInvitation: acceptInvitation(ports),
  askForReset: askForReset(ports),
  resetByLetter: resetByLetter(ports),
  createApiKey: createApiKey(ports),
  revokeApiKey: revokeApiKey(ports),
  useApiKey: useApiKey(ports),
  apiKeyStands: apiKeyStands(ports),

  createChannel: createChannel(ports),
  updateChannel: updateChannel(ports),
  verifyChannel: verifyChannel(ports),
  disconnectChannel: disconnectChannel(ports),
  subscribe: subscribe(ports),
  unsubscribe: unsubscribe(ports),
  beginConnect: beginConnect(ports),
  finishConnect: finishConnect(ports),
  chooseAccount: chooseAccount(ports),
  answerHandshake: answerHandshake(ports),
  acceptWebhook: acceptWebhook(ports),
  answerAppHandshake: answerAppHandshake(ports),
  acceptAppWebhook: acceptAppWebhook(ports),
  takeWithdrawal: takeWithdrawal(ports),

  routeAppDeliveries: routeAppDeliveries(ports),
  claimEntries: claimEntries(ports),
  receiveWebhooks: receiveWebhooks(ports),
  putAsideGivenUp: putAsideGivenUp(ports),
  replayRawEvent: replayRawEvent(ports),
  replayRawEvents: replayRawEvents(ports),
  continueReplay: continueReplay(ports),
  reviveDeadLetter: reviveDeadLetter(ports),
  reviveDeadLetters: reviveDeadLetters(ports),
  startImport: startImport(ports),
  continueImport: continueImport(ports),
  planSweeps: planSweeps(ports),
  sweepChannel: sweepChannel(ports),
  planTokenChecks: planTokenChecks(ports),
  refreshToken: refreshToken(ports),
  lookUpProfile: lookUpProfile(ports),
  expireMessages: expireMessages(ports),
  eraseCustomer: eraseCustomer(ports),
  continueErasure: continueErasure(ports),
  exportCustomer: exportCustomer(ports),
  fetchExport: fetchExport(ports),
  continueExport: continueExport(ports),
  lookUpMedia: lookUpMedia(ports),
  lookUpMention: lookUpMention(ports),
  lookUpMessage: lookUpMessage(ports),

  updateTicket: updateTicket(ports),
  sendReply: sendReply(ports),
  retryMessage: retryMessage(ports),
  checkDoubt: checkDoubt(ports),
  tellUnconfirmed: tellUnconfirmed(ports),
  checkMessage: checkMessage(ports),
  sendAgain: sendAgain(ports),
  moderateComment: moderateComment(ports),
  react: react(ports),
  showReaction: showReaction(ports),
  signalCustomer: signalCustomer(ports),
  deliverDue: deliverDue(ports),
  markNotification: markNotification(ports),

  storeUpload: storeUpload(ports),
  deleteUpload: deleteUpload(ports),
})

export type Core = ReturnType<typeof createCore>

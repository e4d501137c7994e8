/** Ids are branded strings: the compiler keeps a ticket's id out of a place that wants a customer's. */
declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

// Ours: UUIDv7.
export type OrgId = Id<'Org'>
export type UserId = Id<'User'>
/** A person's membership in one organization; what `assigneeId` and a message's author name. */
export type MemberId = Id<'Member'>
export type ChannelId = Id<'Channel'>
export type CustomerId = Id<'Customer'>
export type ConversationId = Id<'Conversation'>
export type TicketId = Id<'Ticket'>
export type MessageId = Id<'Message'>
export type PartId = Id<'Part'>
export type NotificationId = Id<'Notification'>
export type RawEventId = Id<'RawEvent'>
export type UploadId = Id<'Upload'>
export type ImportId = Id<'Import'>
export type ErasureId = Id<'Erasure'>
export type ExportId = Id<'Export'>
export type DeadLetterId = Id<'DeadLetter'>
export type AuditEntryId = Id<'AuditEntry'>
export type InvitationId = Id<'Invitation'>
export type ApiKeyId = Id<'ApiKey'>
export type UnsubscriptionId = Id<'Unsubscription'>

// The platform's: minted by its channel adapter only, opaque everywhere else, never numbers (they exceed 2^53).
/** The business account on the platform. */
export type ExternalAccountId = Id<'ExternalAccount'>
/** The person who writes to the account. */
export type ExternalUserId = Id<'ExternalUser'>
/** A message or comment; unique within its channel for ever. */
export type ExternalMessageId = Id<'ExternalMessage'>

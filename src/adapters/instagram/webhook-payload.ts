import type { Shape } from '../channel-kit/fields.ts'

// Only the members that are read, none of them trusted: each may be missing, null or of another type.

export type WebhookBody = Shape<'object' | 'entry'>

export type Entry = Shape<
  'id' | 'time' | 'messaging' | 'standby' | 'messaging_handovers' | 'changes' | 'changed_fields' | 'field' | 'value'
>

/** An item of `messaging[]` and `standby[]`, and the `value` of a change in the dashboard's samples. */
export type MessagingItem = Shape<'sender' | 'recipient' | 'timestamp' | 'is_self' | PayloadKey>

/** What an item can carry: normally one of these, which is not relied on. */
export type PayloadKey =
  | 'message'
  | 'message_edit'
  | 'postback'
  | 'optin'
  | 'reaction'
  | 'read'
  | 'delivery'
  | 'referral'
  | 'pass_thread_control'
  | 'take_thread_control'
  | 'request_thread_control'
  | 'app_roles'
  | 'policy_enforcement'
  | 'response_feedback'

export type Party = Shape<'id' | 'username' | 'name'>

export type Message = Shape<
  | 'mid'
  | 'text'
  | 'attachments'
  | 'quick_reply'
  | 'reply_to'
  | 'referral'
  | 'is_echo'
  | 'is_deleted'
  | 'is_unsupported'
  | 'is_self'
  | 'app_id'
  | 'ai_generated'
>
export type QuickReply = Shape<'payload'>
export type ReplyTo = Shape<'mid' | 'story'>
export type Story = Shape<'id' | 'url'>
export type MessageEdit = Shape<'mid' | 'text' | 'num_edit'>
export type Postback = Shape<'mid' | 'title' | 'payload' | 'referral'>
export type Optin = Shape<'payload' | 'ref' | 'notification_messages_status'>
export type MessageReaction = Shape<'mid' | 'action' | 'verb' | 'reaction' | 'emoji'>
export type MessageSeen = Shape<'mid'>
export type ReferralFields = Shape<'source' | 'ref' | 'ad_id' | 'ads_context_data' | 'product'>
export type AdContext = Shape<'ad_title' | 'photo_url' | 'video_url'>
export type ThreadControl = Shape<'new_owner_app_id'>

export type AttachmentItem = Shape<'type' | 'payload' | 'title'>
/** Which id a shared thing carries depends on its kind. */
export type AttachmentPayload = Shape<
  'url' | 'title' | 'id' | 'ig_post_media_id' | 'reel_video_id' | 'story_media_id' | 'story_media_url' | 'generic'
>

export type Change = Shape<'field' | 'value'>
export type ChangeValue = Shape<
  | 'id'
  | 'comment_id'
  | 'parent_id'
  | 'text'
  | 'from'
  | 'media'
  | 'media_id'
  | 'impressions'
  | 'reach'
  | 'views'
  | 'replies'
  | 'exits'
  | 'taps_forward'
  | 'taps_back'
  | 'swipe_forward'
  | 'shares'
  | 'follows'
  | 'navigation'
  | 'profile_visits'
  | 'profile_activity'
  | 'total_interactions'
  | 'ad_id'
  | 'ad_title'
>
export type CommentAuthor = Shape<'id' | 'username' | 'self_ig_scoped_id'>
export type CommentMedia = Shape<'id' | 'original_media_id' | 'media_product_type' | 'ad_id' | 'ad_title'>

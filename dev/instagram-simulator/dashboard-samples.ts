/** Of a field whose samples have the two sides of a conversation. */
export const isOfConversation = (field: string): boolean => /^mess/.test(field)

/** What the "Test" button of Meta's dashboard sends for a field: invented ids under the account "0". */
export function dashboardSample(field: string): unknown {
  const conversation = { sender: { id: '12334' }, recipient: { id: '23245' }, timestamp: '1527459824' }
  const samples: Record<string, unknown> = {
    messages: { ...conversation, message: { mid: 'random_mid', text: 'random_text' } },
    messaging_postbacks: {
      ...conversation,
      postback: { mid: 'random_mid', title: 'random_title', payload: 'random_payload' },
    },
    messaging_seen: { ...conversation, read: { mid: 'random_mid' } },
    message_reactions: {
      ...conversation,
      reaction: { mid: 'random_mid', action: 'react', reaction: 'love', emoji: '\u2764\ufe0f' },
    },
    message_edit: { ...conversation, message_edit: { mid: 'random_mid', text: 'random_text', num_edit: 1 } },
    comments: {
      from: { id: '232323232', username: 'test', self_ig_scoped_id: '232323232' },
      media: { id: '123123123', media_product_type: 'FEED' },
      id: '17865799348089039',
      parent_id: '1231231234',
      text: 'This is an example.',
    },
    live_comments: {
      from: { id: '232323232', username: 'test', self_ig_scoped_id: '232323232' },
      media: { id: '123123123', media_product_type: 'LIVE' },
      id: '17865799348089039',
      text: 'This is an example.',
    },
    messaging_referral: {
      ...conversation,
      referral: { ref: 'random_ref', source: 'random_source', type: 'OPEN_THREAD' },
    },
    messaging_handover: {
      ...conversation,
      pass_thread_control: {
        previous_owner_app_id: '123456',
        new_owner_app_id: '123457',
        metadata: 'random_metadata',
      },
    },
    story_insights: {
      media_id: '17887498072083520',
      impressions: 444,
      reach: 44,
      taps_forward: 4,
      taps_back: 3,
      exits: 3,
      replies: 0,
    },
    mentions: { media_id: '17887498072083520', comment_id: '17887498072083520' },
  }
  if (!(field in samples))
    throw new Error(`No dashboard sample for "${field}"; there are ${Object.keys(samples).join(', ')}`)
  return samples[field]
}

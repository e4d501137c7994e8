import type { OutboundMessage } from '../../core/channel/delivery.ts'
import type {
  MediaType,
  OutboundContent,
  TemplateButton,
  TemplateElement,
} from '../../core/channel/outbound-content.ts'

/** What is posted to `/{node}/messages`: text, or one attachment, never both. */
export const bodyOf = ({ recipient, content, replyTo, asHumanAgent }: OutboundMessage): object => ({
  recipient: recipient.type === 'comment' ? { comment_id: recipient.externalId } : { id: recipient.externalId },
  // Both keys: Meta's collection shows the tag alone, its other examples the two together.
  ...(asHumanAgent && { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' }),
  message: messageOf(content),
  ...(replyTo !== null && { reply_to: { mid: replyTo } }),
})

/** What is posted to `/{comment}/replies`. */
export const commentOf = ({ content }: OutboundMessage): object => ({
  message: content.kind === 'TEXT' ? content.text : '',
})

const MEDIA: Readonly<Record<MediaType, string>> = { IMAGE: 'image', VIDEO: 'video', AUDIO: 'audio', FILE: 'file' }

function messageOf(content: OutboundContent): object {
  switch (content.kind) {
    case 'TEXT':
      return {
        text: content.text,
        ...(content.quickReplies.length > 0 && {
          quick_replies: content.quickReplies.map(({ title, payload }) => ({ content_type: 'text', title, payload })),
        }),
      }
    case 'ATTACHMENT':
      // `attachments`, for several at once, is not enabled for every account.
      return { attachment: { type: MEDIA[content.type], payload: { url: content.url } } }
    case 'STICKER':
      return { attachment: { type: 'like_heart' } }
    case 'TEMPLATE': {
      const { type, text, buttons, elements } = content.template
      const payload =
        type === 'GENERIC'
          ? { template_type: 'generic', elements: elements.map(elementOf) }
          : { template_type: 'button', text, buttons: buttons.map(buttonOf) }
      return { attachment: { type: 'template', payload } }
    }
  }
}

const elementOf = ({ title, subtitle, imageUrl, url, buttons }: TemplateElement): object => ({
  title,
  ...(subtitle !== null && { subtitle }),
  ...(imageUrl !== null && { image_url: imageUrl }),
  ...(url !== null && { default_action: { type: 'web_url', url } }),
  ...(buttons.length > 0 && { buttons: buttons.map(buttonOf) }),
})

const buttonOf = ({ type, title, url, payload }: TemplateButton): object =>
  type === 'WEB_URL' ? { type: 'web_url', url, title } : { type: 'postback', title, payload }

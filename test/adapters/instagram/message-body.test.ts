import test from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { OutboundMessage } from '../../../src/core/channel/delivery.ts'
import type { OutboundContent } from '../../../src/core/channel/outbound-content.ts'
import type { ExternalMessageId } from '../../../src/core/ids.ts'
import { account, json, startGraphServer, toPerson } from './graph-server.ts'

const TO = { recipient: { id: '2100000000000345' } }
const OPEN = { type: 'WEB_URL', title: 'Open', url: 'https://shop.example/1', payload: null } as const
const BUY = { type: 'POSTBACK', title: 'Buy', url: null, payload: 'BUY' } as const

const bodies: Record<string, { content: OutboundContent; rest?: Partial<OutboundMessage>; body: object }> = {
  'text with quick replies': {
    content: {
      kind: 'TEXT',
      text: 'Pick one',
      quickReplies: [
        { title: 'Red', payload: 'RED' },
        { title: 'Blue', payload: 'Blue' },
      ],
    },
    body: {
      ...TO,
      message: {
        text: 'Pick one',
        quick_replies: [
          { content_type: 'text', title: 'Red', payload: 'RED' },
          { content_type: 'text', title: 'Blue', payload: 'Blue' },
        ],
      },
    },
  },
  ...Object.fromEntries(
    (['IMAGE', 'VIDEO', 'AUDIO', 'FILE'] as const).map((type) => [
      `one ${type}`,
      {
        content: { kind: 'ATTACHMENT' as const, type, url: 'https://files.example/a' },
        body: {
          ...TO,
          message: { attachment: { type: type.toLowerCase(), payload: { url: 'https://files.example/a' } } },
        },
      },
    ]),
  ),
  'the heart': {
    content: { kind: 'STICKER', sticker: 'HEART' },
    body: { ...TO, message: { attachment: { type: 'like_heart' } } },
  },
  'a template of cards': {
    content: {
      kind: 'TEMPLATE',
      template: {
        type: 'GENERIC',
        text: null,
        buttons: [],
        elements: [
          {
            title: 'Lamp',
            subtitle: 'Brass',
            imageUrl: 'https://shop.example/1.jpg',
            url: 'https://shop.example/1',
            buttons: [OPEN, BUY],
          },
          { title: 'Chair', subtitle: null, imageUrl: null, url: null, buttons: [] },
        ],
      },
    },
    body: {
      ...TO,
      message: {
        attachment: {
          type: 'template',
          payload: {
            template_type: 'generic',
            elements: [
              {
                title: 'Lamp',
                subtitle: 'Brass',
                image_url: 'https://shop.example/1.jpg',
                default_action: { type: 'web_url', url: 'https://shop.example/1' },
                buttons: [
                  { type: 'web_url', url: 'https://shop.example/1', title: 'Open' },
                  { type: 'postback', title: 'Buy', payload: 'BUY' },
                ],
              },
              { title: 'Chair' },
            ],
          },
        },
      },
    },
  },
  'a template of buttons, as a person’s late answer': {
    content: {
      kind: 'TEMPLATE',
      template: { type: 'BUTTONS', text: 'How can we help?', buttons: [BUY], elements: [] },
    },
    rest: { asHumanAgent: true },
    body: {
      ...TO,
      messaging_type: 'MESSAGE_TAG',
      tag: 'HUMAN_AGENT',
      message: {
        attachment: {
          type: 'template',
          payload: {
            template_type: 'button',
            text: 'How can we help?',
            buttons: [{ type: 'postback', title: 'Buy', payload: 'BUY' }],
          },
        },
      },
    },
  },
  'an answer to one message': {
    content: { kind: 'TEXT', text: 'Yes', quickReplies: [] },
    rest: { replyTo: 'm.asked' as ExternalMessageId },
    body: { ...TO, message: { text: 'Yes' }, reply_to: { mid: 'm.asked' } },
  },
}

// proves: out.image, out.video, out.audio, out.file, out.quick-replies, out.generic-template, out.button-template, out.heart, out.reply-to
for (const [what, { content, rest, body }] of Object.entries(bodies)) {
  test(`${what} is posted as Meta has it`, async (t) => {
    const server = await startGraphServer(json(200, { recipient_id: '2100000000000345', message_id: 'm.sent' }))
    t.teardown(server.stop)
    const config = { graphUrl: server.url, facebookGraphUrl: `${server.url}/fb`, graphVersion: 'v26.0' }
    const { sender } = createInstagramChannel(config, { fetch })
    await sender.send({ ...toPerson(), ...rest, content }, account(), new AbortController().signal)
    t.deepEqual(JSON.parse(server.calls[0]?.body ?? ''), body)
  })
}

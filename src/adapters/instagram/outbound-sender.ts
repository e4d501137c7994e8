import type { Delivery } from '../../core/channel/delivery.ts'
import type { OutboundSender } from '../../ports/channel-adapter.ts'
import { deliveryOf } from './delivery-of.ts'
import type { GraphClient } from './graph-client.ts'
import { graphTarget, pathSegment } from './graph-target.ts'
import { bodyOf, commentOf } from './message-body.ts'

export const createInstagramSender = (graph: GraphClient): OutboundSender => ({
  async send(message, account, signal): Promise<Delivery> {
    const target = graphTarget(account)
    if (target === null) {
      const detail = 'The channel has no usable access token.'
      return { status: 'refused', code: 'credentials-rejected', detail, platformCode: null }
    }
    const { flavour, node, token } = target
    const { recipient } = message
    const isPublic = recipient.type === 'public'
    // Never with `fields`: the reply is created, and the answer says that it was not.
    const path = isPublic ? `${pathSegment(recipient.externalId)}/replies` : `${node}/messages`
    const json = isPublic ? commentOf(message) : bodyOf(message)
    const answer = await graph({ method: 'POST', flavour, path, token, json, requestId: message.requestId }, signal)
    return deliveryOf(answer, recipient.type, token)
  },
})

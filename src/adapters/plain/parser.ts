import type { InboundEvent, ParsedWebhook } from '../../core/channel/inbound-event.ts'
import type { InboundParser, ParseOptions } from '../../ports/channel-adapter.ts'
import { readJson } from '../channel-kit/json.ts'
import { isPlainForm, readPlainForm } from '../channel-kit/plain-form.ts'

const MAX_MESSAGES = 10_000

/** One message, or a list of them. */
export const plainParser: InboundParser = {
  parse(body: Uint8Array, { account, receivedAt }: ParseOptions): ParsedWebhook {
    const json = readJson(body)
    if (!json.ok) return { readable: false, reason: json.reason }
    const values: readonly unknown[] = Array.isArray(json.value) && json.value.length > 0 ? json.value : [json.value]
    if (values.length > MAX_MESSAGES) return { readable: false, reason: 'too-many-events' }
    const events = values.map(
      (value, position): InboundEvent =>
        isPlainForm(value)
          ? readPlainForm(value, { account, receivedAt, position })
          : { type: 'unhandled', at: receivedAt, known: false, reason: 'not-the-plain-form' },
    )
    return { readable: true, shares: [{ account, isTest: false, body: json.text, events }] }
  },
}

import type { InboundEvent, ParsedWebhook } from '../../core/channel/inbound-event.ts'
import type { InboundParser, ParseOptions } from '../../ports/channel-adapter.ts'
import { idsWithin } from '../channel-kit/ids-within.ts'
import { readJson } from '../channel-kit/json.ts'
import { isPlainForm, readPlainForm } from '../channel-kit/plain-form.ts'

const MAX_MESSAGES = 10_000

/** One message, or a list of them. */
export const plainParser: InboundParser = {
  parse(body: Uint8Array, options: ParseOptions): ParsedWebhook {
    const { account } = options
    const json = readJson(body)
    if (!json.ok) return { readable: false, reason: json.reason }
    const values = valuesOf(json.value)
    if (values.length > MAX_MESSAGES) return { readable: false, reason: 'too-many-events' }
    const events = values.map((value, position) => eventOf(value, position, options))
    return { readable: true, shares: [{ account, isTest: false, body: json.text, events }] }
  },

  erase(body, options, isGone) {
    const json = readJson(Buffer.from(body))
    if (!json.ok) return ''
    const values = valuesOf(json.value)
    const left = values.map((value, position) => {
      const ids = idsWithin(value)
      // Its place stays: a message without an id of its own is known by it.
      return isGone(eventOf(value, position, options), (id) => ids.has(id)) ? null : value
    })
    if (left.every((value, position) => value === values[position])) return body
    return left.every((value) => value === null) ? '' : JSON.stringify(left)
  },
}

const valuesOf = (value: unknown): readonly unknown[] => (Array.isArray(value) && value.length > 0 ? value : [value])

const eventOf = (value: unknown, position: number, { account, receivedAt }: ParseOptions): InboundEvent =>
  isPlainForm(value)
    ? readPlainForm(value, { account, receivedAt, position })
    : { type: 'unhandled', at: receivedAt, known: false, reason: 'not-the-plain-form' }

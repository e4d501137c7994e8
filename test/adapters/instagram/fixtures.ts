import { readdirSync, readFileSync } from 'node:fs'
import type { AccountShare, InboundEvent, ParsedWebhook } from '../../../src/core/channel/inbound-event.ts'
import type { ExternalAccountId } from '../../../src/core/ids.ts'
import type { ParseOptions } from '../../../src/ports/channel-adapter.ts'

const folder = new URL('../../fixtures/instagram/', import.meta.url)

export const ACCOUNT = '17841455500000011'
export const CUSTOMER = '2100000000000345'
/** `timestamp` of every direct message, and `entry.time` of every comment. */
export const AT = new Date(1_789_000_000_123)
export const COMMENTED_AT = new Date(1_789_000_100_000)
export const RECEIVED_AT = new Date(1_789_000_200_000)

export const fixtureNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

export const fixture = (name: string): Buffer => readFileSync(new URL(`${name}.json`, folder))

export const parseOptions = (given: Partial<ParseOptions> = {}): ParseOptions => ({
  receivedAt: RECEIVED_AT,
  account: ACCOUNT as ExternalAccountId,
  verified: true,
  ...given,
})

export function sharesOf(parsed: ParsedWebhook): readonly AccountShare[] {
  if (!parsed.readable) throw new Error(`unreadable: ${parsed.reason}`)
  return parsed.shares
}

export const eventsOf = (parsed: ParsedWebhook): readonly InboundEvent[] =>
  sharesOf(parsed).flatMap(({ events }) => events)

/** A delivery of one direct message, as few words as a test needs. */
export const delivery = (item: Record<string, unknown>, entry: Record<string, unknown> = {}): string =>
  JSON.stringify({
    object: 'instagram',
    entry: [
      {
        id: ACCOUNT,
        time: 1_789_000_000_500,
        messaging: [{ sender: { id: CUSTOMER }, recipient: { id: ACCOUNT }, timestamp: AT.getTime(), ...item }],
        ...entry,
      },
    ],
  })

export const bytes = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

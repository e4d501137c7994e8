import type { Report } from './checker.ts'
import type { Facts, Placed } from './facts.ts'

/** I3: a conversation reads as it was written, and replies are on the phone in the order in which they were taken. */
export function checkOrder({ fromOutside, sent, messages, partsByExternalId }: Facts, report: Report): void {
  const storedAs = ({ bubble, home }: Placed) => {
    const part = partsByExternalId.get(bubble.mid)?.find(({ orgId }) => orgId === home?.orgId)
    const message = part && messages.get(part.messageId)
    return message && { mid: bubble.mid, text: bubble.text, at: bubble.at, part, message }
  }
  type Stored = NonNullable<ReturnType<typeof storedAs>>
  const perPhone = (all: readonly Placed[]): readonly (readonly Stored[])[] =>
    [...Map.groupBy(all, ({ phone }) => phone.id).values()].map((some) => some.flatMap((one) => storedAs(one) ?? []))

  for (const some of perPhone(fromOutside)) {
    const shown = some.toSorted((a, b) => byTime(a.message.sentAt, b.message.sentAt) || bytewise(a.mid, b.mid))
    const wrong = shown.filter((one, index) => {
      const before = shown[index - 1]
      return before && (byTime(before.at, one.at) || bytewise(before.mid, one.mid)) > 0
    })
    for (const { mid } of wrong) report('I3', 'reordered', `${mid} is shown after one that was written later`)
  }
  for (const some of perPhone(sent)) {
    const lines = Map.groupBy(some, ({ message }) => message.conversationId)
    for (const line of lines.values()) {
      const late = line.filter((one, index) => {
        const before = line[index - 1]
        return before && (before.part.lanePosition ?? 0) > (one.part.lanePosition ?? 0)
      })
      for (const { text } of late) report('I3', 'reordered', `"${text}" came after one that was taken later`)
    }
  }
}

const byTime = (a: Date, b: Date): number => a.getTime() - b.getTime()
/** As the database compares ids. */
const bytewise = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

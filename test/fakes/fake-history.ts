import type { ExternalMessageId } from '../../src/core/ids.ts'
import type { HistoryAnswer, HistoryMessage, HistoryReader, HistoryRefusal } from '../../src/ports/channel-adapter.ts'

/** A network that tells of what was written, from the newest on; each person has one conversation. */
export class FakeHistory implements HistoryReader {
  readonly callsPerSecond = 1_000_000
  readonly messages: HistoryMessage[] = []
  readonly calls: string[] = []
  /** The process dies in the call after so many. */
  diesAfter: number | null = null
  refuses: HistoryRefusal | null = null
  readonly #pageSize: number

  constructor(pageSize = 2) {
    this.#pageSize = pageSize
  }

  conversations: HistoryReader['conversations'] = async ({ cursor, limit }) =>
    this.#answer('conversations', () => {
      const people = [...new Set(this.#newestFirst().map(({ person }) => person.externalId))]
      const start = cursor === null ? 0 : Number(cursor)
      const end = start + Math.min(limit, this.#pageSize)
      const conversations = people.slice(start, end).map((externalId) => {
        const messages = this.#of(externalId)
        const person = messages[0]?.person ?? null
        return { externalId: `thread of ${externalId}`, updatedAt: messages[0]?.at ?? null, person, messages }
      })
      return { conversations, nextCursor: end < people.length ? String(end) : null }
    })

  conversation: HistoryReader['conversation'] = async ({ person }) =>
    this.#answer('conversation', () => ({ messages: this.#of(person?.externalId ?? '') }))

  withPerson: HistoryReader['withPerson'] = async (person) =>
    this.#answer('withPerson', () => ({ messages: this.#of(person) }))

  message: HistoryReader['message'] = async (externalId: ExternalMessageId) => {
    const message = this.messages.find((one) => one.externalId === externalId)
    if (!message) return { status: 'withheld', reason: 'gone', detail: 'no such message' }
    return this.#answer('message', () => ({ message }))
  }

  #of(person: string): readonly HistoryMessage[] {
    return this.#newestFirst().filter((message) => message.person.externalId === person)
  }

  #newestFirst(): readonly HistoryMessage[] {
    return [...this.messages].sort((a, b) => b.at.getTime() - a.at.getTime())
  }

  #answer<Found>(call: string, found: () => Found): HistoryAnswer<Found> {
    if (this.diesAfter !== null && this.diesAfter-- <= 0) {
      this.diesAfter = null
      throw new Error('the process dies')
    }
    this.calls.push(call)
    if (this.refuses) return { status: 'withheld', reason: this.refuses, detail: 'status 400' }
    return { status: 'found', ...found() }
  }
}

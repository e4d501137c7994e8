import type { ExecutionContext, TestFn } from 'ava'
import type { ChannelAccount } from '../../src/core/channel/delivery.ts'
import type { ExternalMessageId, ExternalUserId } from '../../src/core/ids.ts'
import type {
  ConversationPage,
  HistoryAnswer,
  HistoryReader,
  ListedConversation,
} from '../../src/ports/channel-adapter.ts'

/** A network on which people and the account write, each message later than the one before. */
export type HistoryUnderTest = Readonly<{
  history: HistoryReader
  account: ChannelAccount
  aPerson(): Promise<ExternalUserId>
  write(person: ExternalUserId, author: 'CUSTOMER' | 'ACCOUNT', text: string): Promise<ExternalMessageId>
  takeBack(person: ExternalUserId, message: ExternalMessageId): Promise<void>
}>

export type HistoryReaderKit = Readonly<{ name: string; make(t: ExecutionContext): Promise<HistoryUnderTest> }>

const { signal } = new AbortController()

function found<Found>(answer: HistoryAnswer<Found>): Found {
  if (answer.status !== 'found') throw new Error(answer.detail)
  return answer
}

/** What everything that tells what was written before keeps. */
export function historyReaderContract(test: TestFn, { name, make }: HistoryReaderKit): void {
  test(`${name}: conversations come with the newest first, each once, through pages of any size`, async (t) => {
    const { history, account, aPerson, write } = await make(t)
    const people = await Promise.all(Array.from({ length: 5 }, aPerson))
    for (const person of people) await write(person, 'CUSTOMER', 'Hello')
    // The oldest has the newest message now.
    await write(people[0] as ExternalUserId, 'ACCOUNT', 'Good morning')
    for (const limit of [1, 2, 5, 10]) {
      const seen: ListedConversation[] = []
      let cursor: string | null = null
      do {
        const page: ConversationPage = found(await history.conversations({ cursor, limit }, account, signal))
        t.true(page.conversations.length <= limit)
        seen.push(...page.conversations)
        cursor = page.nextCursor
      } while (cursor !== null)
      t.deepEqual(
        seen.map(({ person }) => person?.externalId),
        [people[0], ...people.slice(1).reverse()],
      )
    }
  })

  test(`${name}: a conversation is told newest first, by whom, and alike whichever way it is asked for`, async (t) => {
    const { history, account, aPerson, write } = await make(t)
    const [ann, bob] = [await aPerson(), await aPerson()]
    await write(bob, 'CUSTOMER', 'Somebody else')
    const ids = [
      await write(ann, 'CUSTOMER', 'Is it in stock?'),
      await write(ann, 'ACCOUNT', 'It is'),
      await write(ann, 'CUSTOMER', 'Fine'),
    ].reverse()
    const [listed] = found(await history.conversations({ cursor: null, limit: 10 }, account, signal)).conversations
    if (!listed) return t.fail()
    t.deepEqual(
      listed.messages.map(({ externalId }) => externalId),
      ids,
    )
    const { messages } = found(await history.conversation(listed, account, signal))
    t.deepEqual(
      messages.map(({ externalId, author, text, person }) => [externalId, author, text, person.externalId]),
      [
        [ids[0], 'CUSTOMER', 'Fine', ann],
        [ids[1], 'ACCOUNT', 'It is', ann],
        [ids[2], 'CUSTOMER', 'Is it in stock?', ann],
      ] as unknown[],
    )
    t.deepEqual(found(await history.withPerson(ann, account, signal)).messages, messages)
    for (const message of messages)
      t.deepEqual(found(await history.message(message.externalId, account, signal)).message, message)
  })

  test(`${name}: what was taken back is gone, and who never wrote has written nothing`, async (t) => {
    const { history, account, aPerson, write, takeBack } = await make(t)
    const [ann, silent] = [await aPerson(), await aPerson()]
    const kept = await write(ann, 'CUSTOMER', 'This stays')
    const gone = await write(ann, 'CUSTOMER', 'This does not')
    await takeBack(ann, gone)
    t.deepEqual(
      found(await history.withPerson(ann, account, signal)).messages.map(({ externalId }) => externalId),
      [kept],
    )
    t.like(await history.message(gone, account, signal), { status: 'withheld', reason: 'gone' })
    t.deepEqual(found(await history.withPerson(silent, account, signal)).messages, [])
  })

  test(`${name}: it says how often the network may be asked`, async (t) => {
    t.true((await make(t)).history.callsPerSecond > 0)
  })
}

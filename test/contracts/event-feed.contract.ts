import { deepStrictEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import * as fc from 'fast-check'
import type { MemberId, OrgId } from '../../src/core/ids.ts'
import type { EventFeed } from '../../src/ports/inbox-queries.ts'

/** An organization with two members, and events that are numbered from 1 in the order in which they are written. */
export type FeedUnderTest = Readonly<{
  feed: EventFeed
  orgId: OrgId
  members: readonly [MemberId, MemberId]
  /** Null: for everybody. Numbered when it resolves. */
  write(recipients: readonly (MemberId | null)[]): Promise<void>
}>

export type EventFeedKit = Readonly<{ name: string; make(): Promise<FeedUnderTest> }>

const RUNS = 12

/** What every feed of events keeps. */
export function eventFeedContract(test: TestFn, { name, make }: EventFeedKit): void {
  test(`${name}: before the first event there is none, and a cursor beyond the end stays where it is`, async (t) => {
    const { feed, orgId, members } = await make()
    t.is(await feed.lastSeq(orgId), 0)
    t.deepEqual(await feed.read(orgId, members[0], 0, 10), { events: [], scannedTo: 0, more: false })
    t.deepEqual(await feed.read(orgId, members[0], 7, 10), { events: [], scannedTo: 7, more: false })
  })

  test(`${name}: read on from where it says, a member sees all that is theirs once, in order, and it ends`, async (t) => {
    const audience = fc.array(fc.constantFrom('everybody', 'first', 'second'), { maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(audience, fc.integer({ min: 1, max: 4 }), fc.nat(15), async (audiences, limit, from) => {
        const { feed, orgId, members, write } = await make()
        const recipientOf = { everybody: null, first: members[0], second: members[1] }
        await write(audiences.map((one) => recipientOf[one]))
        deepStrictEqual(await feed.lastSeq(orgId), audiences.length)
        for (const [member, other] of [
          [members[0], 'second'],
          [members[1], 'first'],
        ] as const) {
          const seen: number[] = []
          for (let after = from, reads = 0, more = true; more; reads++) {
            if (reads > audiences.length + 1) throw new Error('it does not end')
            const page = await feed.read(orgId, member, after, limit)
            if (page.events.length > limit || page.scannedTo < after)
              throw new Error('a page that is too long, or back')
            seen.push(...page.events.map(({ seq }) => seq))
            after = page.scannedTo
            more = page.more
          }
          const theirs = audiences.flatMap((one, index) => (one === other || index < from ? [] : [index + 1]))
          deepStrictEqual(seen, theirs)
        }
      }),
      { numRuns: RUNS },
    )
    t.pass()
  })

  test(`${name}: another organization has numbers and events of its own`, async (t) => {
    const [one, other] = [await make(), await make()]
    await one.write([null, null, one.members[0]])
    await other.write([null])
    t.is(await other.feed.lastSeq(other.orgId), 1)
    const { events } = await other.feed.read(other.orgId, other.members[0], 0, 10)
    t.deepEqual(
      events.map(({ seq, orgId }) => [seq, orgId]),
      [[1, other.orgId]],
    )
    const nobodys = randomUUID() as OrgId
    t.is(await one.feed.lastSeq(nobodys), 0)
    t.deepEqual(await one.feed.read(nobodys, one.members[0], 0, 10), { events: [], scannedTo: 0, more: false })
  })
}

import type { Message } from '../demo/api.ts'
import type { Expectations } from './scenario.ts'
import { findMessage, findTicket, type Scene, until } from './scene.ts'

/** Waits for each thing that is expected; throws with what there is instead. Says what there was. */
export async function checkExpectations(scene: Scene, expected: Expectations): Promise<readonly string[]> {
  const { api, people, stage, named } = scene
  const said: string[] = []
  const wait = async (what: string, wanted: unknown, look: () => unknown): Promise<void> => {
    let last: unknown
    try {
      await until(
        scene,
        what,
        async () => {
          last = await look()
          return isLike(last, wanted)
        },
        stage.expectWithinMs,
      )
    } catch (error) {
      const instead = JSON.stringify(pick(last, wanted))
      throw new Error(`${what} should be ${JSON.stringify(wanted)} and is ${instead} (${(error as Error).message})`)
    }
    said.push(what)
  }

  const { ticket, messages, message, phone } = expected
  if (ticket) {
    const { of, kind = 'DM', is } = ticket
    await wait(`the ${kind} ticket of ${of}`, is, () => findTicket(scene, of, kind))
  }
  if (messages) {
    const { of, kind = 'DM', are } = messages
    await wait(`what was said in the ${kind} ticket of ${of}`, are, async () => {
      const found = await findTicket(scene, of, kind)
      return found === null ? [] : api.messages(found.id)
    })
  }
  if (message) {
    const meant = named.get(message.named)
    const look = (): Promise<Message | null> =>
      meant?.message
        ? api.message(meant.message.ticketId, meant.message.id)
        : findMessage(scene, meant?.of ?? '', meant?.mid ?? null)
    await wait(`the message ${message.named}`, message.is, look)
  }
  if (phone) {
    const who = people.get(phone.of)
    await wait(`the phone of ${phone.of}`, phone.shows, () => (who ? stage.simulator.phone(who) : []))
  }
  const count = (what: string, wanted: number | undefined, look: () => Promise<number>) =>
    wanted === undefined ? null : wait(what, wanted, look)
  await count('the number of tickets', expected.tickets, async () => (await api.tickets()).length)
  await count('the number of customers', expected.customers, async () => (await api.customers()).length)
  await count('the number of unread notifications', expected.notifications, async () => {
    const all = await api.notifications()
    return all.filter(({ read }) => !read).length
  })
  return said
}

/** Whether it has all that is named: members of an object, a list item by item and no more of them. */
export function isLike(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((one, index) => isLike(actual[index], one))
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted
  if (typeof actual !== 'object' || actual === null) return false
  return Object.entries(wanted).every(([name, one]) => isLike((actual as Record<string, unknown>)[name], one))
}

/** As much of it as was asked for. */
function pick(actual: unknown, wanted: unknown): unknown {
  if (Array.isArray(actual)) {
    const all: readonly unknown[] = Array.isArray(wanted) ? wanted : []
    return actual.map((one, index) => pick(one, all[index] ?? all[0] ?? {}))
  }
  if (typeof actual !== 'object' || actual === null || typeof wanted !== 'object' || wanted === null) return actual
  const members = Object.entries(wanted).map(([name, one]) => [
    name,
    pick((actual as Record<string, unknown>)[name], one),
  ])
  return Object.fromEntries(members)
}

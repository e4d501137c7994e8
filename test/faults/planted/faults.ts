import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../../support/processes.ts'
import type { BugName } from './bugs.ts'
import type { SmallRun } from './small-run.ts'

const WITHIN_MS = 120_000
/** On its way to the broker. */
const ACKNOWLEDGED_MS = 500

/** For each bug what makes it show, and what a program without it stands. All that was said before is stored. */
export const FAULTS: Readonly<Record<BugName, (run: SmallRun) => Promise<void>>> = {
  /** It dies before the commit. */
  async 'ack before commit'({ bob, holdUp, write, kill, startAgain }) {
    const held = await holdUp(bob)
    write(bob)
    await held.someoneWaits()
    await sleep(ACKNOWLEDGED_MS)
    await kill()
    await held.letGo()
    await startAgain()
  },

  /** The network swallows what goes to the broker, and then the connections break. */
  async 'publish without confirm'({ stage: { simulator }, proxy, bob, write }) {
    proxy.set('request', { kind: 'black-hole' })
    write(bob)
    const webhook = simulator.webhooks.findLast(({ customer }) => customer === bob)
    await waitFor(() => webhook?.status === 200, WITHIN_MS)
    proxy.reset()
    await proxy.heal()
  },

  /** The platform delivers what it has delivered. */
  async 'no unique key'({ stage: { simulator }, bob }) {
    const webhook = simulator.webhooks.find(({ customer }) => customer === bob)
    if (!webhook) throw new Error('there is no webhook')
    await simulator.deliver(webhook)
  },

  /** Of two transactions the one that began first commits last, when the other was numbered. */
  async 'relay by high-water mark'({ stage: { simulator, sql }, ann, bob, holdUp, write }) {
    const held = await holdUp(bob)
    write(bob)
    await held.someoneWaits()
    write(ann)
    const mid = simulator.webhooks.findLast(({ customer }) => customer === ann)?.mid
    const numbered = () =>
      sql(
        `select from messages m join event_log e on e.resource_id = m.id where m.external_id = $1
         and e.type = 'message.created' and e.seq is not null`,
        [mid],
      )
    await waitFor(async () => (await numbered()).length > 0, WITHIN_MS)
    await held.letGo()
  },

  /** The platform takes a reply, shows it to the customer, and says that it failed. */
  async 'blind resend'({ stage: { simulator, sql }, ann, shop, reply }) {
    simulator.fault({ kind: 'delivered-then-500' })
    simulator.fault({ kind: 'echo-withheld' })
    const message = (await reply(ann)).message()
    if (message === null) throw new Error('the reply was not taken')
    await waitFor(async () => {
      // What became of it is asked soon, and not in its time.
      await sql(`update jobs set run_at = now() where queue = 'doubt-check' and state = 'READY'`)
      return (await shop.client.message(message)).status === 'SENT'
    }, WITHIN_MS)
  },
}

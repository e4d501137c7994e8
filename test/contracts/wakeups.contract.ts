import type { TestFn } from 'ava'
import type { Wakeups } from '../../src/ports/wakeups.ts'

export type WakeupsKit = Readonly<{ name: string; make(): Promise<{ wakeups: Wakeups; stop(): Promise<void> }> }>

/** What every way to wake others keeps towards listeners of the same process. */
export function wakeupsContract(test: TestFn, { name, make }: WakeupsKit): void {
  test(`${name}: listeners of a topic are called at once, with what was said, until they stop listening`, async (t) => {
    const { wakeups, stop } = await make()
    const got: (string | undefined)[] = []
    const silence = wakeups.on('jobs', (payload) => got.push(payload))
    wakeups.on('sends', () => got.push('another topic'))
    wakeups.wake('jobs', 'inbound')
    wakeups.wake('jobs')
    t.deepEqual(got, ['inbound', undefined])
    silence()
    silence()
    wakeups.wake('jobs', 'inbound')
    t.is(got.length, 2)
    await stop()
  })

  test(`${name}: a listener that fails keeps neither the others nor whoever wakes from going on`, async (t) => {
    const { wakeups, stop } = await make()
    let calls = 0
    wakeups.on('sends', () => {
      throw new Error('this listener fails')
    })
    wakeups.on('sends', () => (calls += 1))
    t.notThrows(() => wakeups.wake('sends'))
    t.is(calls, 1)
    await stop()
  })
}

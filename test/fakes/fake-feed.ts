import { Unavailable } from '../../src/core/errors.ts'
import type { MemberId, OrgId } from '../../src/core/ids.ts'
import type { EventFeed } from '../../src/ports/inbox-queries.ts'
import type { EventView } from '../../src/ports/views.ts'
import type { Wakeups } from '../../src/ports/wakeups.ts'
import { anEventView } from './fake-views.ts'

type Numbered = Readonly<{ event: EventView; recipient: MemberId | null }>

/** An event log that is numbered as it is written. */
export class FakeFeed implements EventFeed {
  readonly #log = new Map<OrgId, Numbered[]>()
  away = false
  /** Reads scan at most so many numbers at a time, as a real one may. */
  scan = 1_000

  append(orgId: OrgId, recipient: MemberId | null = null, overrides: Partial<EventView> = {}): EventView {
    const log = this.#log.get(orgId) ?? []
    this.#log.set(orgId, log)
    const event = anEventView(orgId, log.length + 1, overrides)
    log.push({ event, recipient })
    return event
  }

  async read(orgId: OrgId, memberId: MemberId, afterSeq: number, limit: number) {
    this.#ask()
    const log = this.#log.get(orgId) ?? []
    const scanned = log.slice(afterSeq, afterSeq + this.scan)
    const visible = scanned.filter(({ recipient }) => recipient === null || recipient === memberId)
    const events = visible.slice(0, limit).map(({ event }) => event)
    const cut = visible.length > limit
    const scannedTo = cut ? events.at(-1)!.seq : (scanned.at(-1)?.event.seq ?? afterSeq)
    return { events, scannedTo, more: scannedTo < log.length }
  }

  async lastSeq(orgId: OrgId): Promise<number> {
    this.#ask()
    return this.#log.get(orgId)?.length ?? 0
  }

  visibleTo(orgId: OrgId, memberId: MemberId): readonly number[] {
    const log = this.#log.get(orgId) ?? []
    return log.filter(({ recipient }) => recipient === null || recipient === memberId).map(({ event }) => event.seq)
  }

  #ask(): void {
    if (this.away) throw new Unavailable('The database does not answer. Try again shortly.')
  }
}

/** Wakes whoever listens in this process; `deaf` loses every hint, as a network may. */
export class FakeWakeups implements Wakeups {
  readonly #listeners = new Map<string, Set<(payload: string | undefined) => void>>()
  deaf = false

  wake(topic: Parameters<Wakeups['wake']>[0], payload?: string): void {
    if (this.deaf) return
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(payload)
      } catch {
        // The others are called all the same.
      }
    }
  }

  on: Wakeups['on'] = (topic, listener) => {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0)
  }
}

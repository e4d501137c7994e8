import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mode } from './tcp-proxy.ts'

export type Pump = Readonly<{ set(mode: Mode): void }>

type PumpOptions = Readonly<{
  from: Socket
  to: Socket
  mode: Mode
  /** In [0, 1). */
  random: () => number
  seen: (chunk: Buffer) => void
  /** Both ends of the connection are to be reset. */
  cut: () => void
  /** Resets the receiver. */
  resetReceiver: () => void
}>

/** A chunk, the end of the stream, or its reset; none goes on before it is due. */
type Item = Readonly<{ dueAt: number }> & (Readonly<{ bytes: Buffer }> | Readonly<{ last: 'end' | 'reset' }>)

/** More than this is left with whoever sends it, as a full window would. */
const MOST_HELD = 256 * 1_024
/** A rate is kept over pieces of this length. */
const TICK_MS = 50

/** Carries one direction of a connection: bytes, its end and its reset, as its mode of the moment says. */
export function createPump({ from, to, mode: first, random, seen, cut, resetReceiver }: PumpOptions): Pump {
  let mode = first
  const items: Item[] = []
  let held = 0
  let lastDueAt = 0
  let passed = 0
  let changed = Promise.withResolvers<void>()

  const stir = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const add = (item: { bytes: Buffer } | { last: 'end' | 'reset' }): void => {
    const delay = mode.kind === 'delay' ? mode.ms + random() * (mode.jitterMs ?? 0) : 0
    lastDueAt = Math.max(lastDueAt, performance.now() + delay)
    items.push({ ...item, dueAt: lastDueAt })
    stir()
  }
  from.on('data', (bytes: Buffer) => {
    seen(bytes)
    if (to.destroyed) return
    held += bytes.length
    add({ bytes })
    if (held > MOST_HELD) from.pause()
  })
  from.on('end', () => add({ last: 'end' }))
  from.on('error', () => add({ last: 'reset' }))
  // Nobody is there to take it. That its receiver is gone, the sender learns from the other direction, if that passes.
  to.on('close', () => {
    items.length = 0
    from.resume()
    stir()
  })

  const waitFor = (ms: number): Promise<unknown> =>
    Promise.race([sleep(ms, undefined, { ref: false }), changed.promise])
  const write = async (bytes: Buffer): Promise<void> => {
    passed += bytes.length
    held -= bytes.length
    if (held <= MOST_HELD) from.resume()
    if (to.destroyed || to.writableEnded) return
    if (to.write(bytes)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    to.once('drain', resolve).once('close', resolve)
    await promise
    to.off('drain', resolve).off('close', resolve)
  }

  /** How much of the bytes passes now. */
  function share(bytes: Buffer): number {
    switch (mode.kind) {
      case 'slice':
        return 1
      case 'bandwidth':
        return Math.max(1, Math.floor((mode.bytesPerSecond * TICK_MS) / 1_000))
      case 'cut':
        return mode.afterBytes - passed
      default:
        return bytes.length
    }
  }

  async function pass(bytes: Buffer): Promise<Buffer> {
    const most = share(bytes)
    if (mode.kind === 'half-close') {
      if (!to.writableEnded) to.end()
      await write(bytes)
      return bytes.subarray(bytes.length)
    }
    if (most > 0) await write(bytes.subarray(0, most))
    if (mode.kind === 'cut' && passed >= mode.afterBytes) {
      // What was written has to leave before the reset does.
      await sleep(0)
      cut()
    } else if (mode.kind === 'bandwidth') await waitFor(TICK_MS)
    else if (mode.kind === 'slice') await sleep(mode.everyMs ?? 0)
    return bytes.subarray(Math.max(0, most))
  }

  async function run(): Promise<void> {
    let rest: Buffer | null = null
    while (!to.destroyed) {
      const item = items[0]
      if (item === undefined || mode.kind === 'black-hole') await changed.promise
      else if (item.dueAt > performance.now()) await waitFor(item.dueAt - performance.now())
      else if ('last' in item) {
        items.shift()
        if (item.last === 'end') to.end()
        else resetReceiver()
      } else {
        rest = await pass(rest ?? item.bytes)
        if (rest.length > 0) continue
        rest = null
        items.shift()
      }
    }
  }
  void run()

  return {
    set(next) {
      mode = next
      passed = 0
      if (next.kind === 'half-close' && !to.destroyed) to.end()
      stir()
    },
  }
}

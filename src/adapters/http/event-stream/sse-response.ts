import type { ServerResponse } from 'node:http'

export type SseResponse = Readonly<{
  /** False once the reader is gone or too slow; then the stream is closed. Waits until the reader keeps up. */
  write(text: string): Promise<boolean>
  /** Best effort, never waits: for what may be skipped. */
  hint(text: string): void
  end(lastWords: string): void
  destroy(): void
  readonly closed: boolean
}>

/**
 * The bytes of one stream. What a reader does not take stays in the log, not in memory: the next write waits until the last
 * one was taken, and who takes nothing for `drainTimeoutMs` is let go.
 */
export function openSse(res: ServerResponse, drainTimeoutMs: number, onSlow: () => void): SseResponse {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // nginx would hold events back otherwise.
    'X-Accel-Buffering': 'no',
  })
  res.flushHeaders()
  const gone = () => res.destroyed || res.writableEnded

  return {
    async write(text) {
      if (gone()) return false
      if (res.write(text)) return true
      const keepsUp = await drained(res, drainTimeoutMs)
      if (!keepsUp && !gone()) {
        onSlow()
        res.destroy()
      }
      return keepsUp && !gone()
    },
    hint(text) {
      if (!gone() && !res.writableNeedDrain) res.write(text)
    },
    end(lastWords) {
      if (!gone()) res.end(lastWords)
    },
    destroy: () => void res.destroy(),
    get closed() {
      return gone()
    },
  }
}

function drained(res: ServerResponse, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (ok: boolean) => () => {
      clearTimeout(timer)
      res.off('drain', onDrain).off('close', onClose)
      resolve(ok)
    }
    const onDrain = finish(true)
    const onClose = finish(false)
    const timer = setTimeout(finish(false), timeoutMs)
    res.on('drain', onDrain).on('close', onClose)
  })
}

const LOOK_EVERY_MS = 500
const MAX_PAUSE_MS = 30_000

export type Watch = Readonly<{ stop(): Promise<void> }>

/**
 * Looks every half second whether the server is up and else has it brought back. Where that fails it tries again after
 * pauses that grow. The timer does not keep the process alive.
 */
export function watchServer(
  isUp: () => boolean,
  bringBack: (signal: AbortSignal) => Promise<void>,
  onFailure: (error: unknown) => void,
): Watch {
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()
  let pauseMs = LOOK_EVERY_MS

  const look = async () => {
    try {
      if (!isUp()) await bringBack(stopping.signal)
      pauseMs = LOOK_EVERY_MS
    } catch (error) {
      if (stopping.signal.aborted) return
      onFailure(error)
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
    }
    next()
  }
  const next = () => {
    if (stopping.signal.aborted) return
    timer = setTimeout(() => {
      current = look()
    }, pauseMs).unref()
  }
  next()

  return {
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await current
    },
  }
}

export type GroupCommitOptions<T> = Readonly<{
  saveMany(items: readonly T[]): Promise<void>
  /** The items are at fault, not the server: then each is tried alone. */
  isDataError(error: unknown): boolean
  writers?: number
  maxItems?: number
  maxBytes?: number
  bytesOf?(item: T): number
}>

type Waiting<T> = { item: T; ok: () => void; fail: (error: unknown) => void }

/**
 * Commits what arrives while a commit is under way as the next one: no window, no timer. A lone item is written at once,
 * many at a time share a statement. Is the server away, everything that waits fails with it.
 */
export function createGroupCommit<T>(options: GroupCommitOptions<T>): (item: T) => Promise<void> {
  const { saveMany, isDataError, writers = 2, maxItems = 64, maxBytes = 1_048_576, bytesOf = () => 0 } = options
  let waiting: Waiting<T>[] = []
  let active = 0
  let scheduled = false

  const take = (): Waiting<T>[] => {
    let bytes = 0
    let count = 0
    for (const { item } of waiting) {
      bytes += bytesOf(item)
      if (count === maxItems || (count > 0 && bytes > maxBytes)) break
      count += 1
    }
    return waiting.splice(0, count)
  }

  const saveAlone = async (group: readonly Waiting<T>[]): Promise<void> => {
    for (const one of group) await saveMany([one.item]).then(one.ok, one.fail)
  }

  const write = async (group: readonly Waiting<T>[]): Promise<void> => {
    try {
      await saveMany(group.map(({ item }) => item))
      for (const one of group) one.ok()
    } catch (error) {
      if (isDataError(error)) {
        if (group.length > 1) return saveAlone(group)
        for (const one of group) one.fail(error)
        return
      }
      const rest = waiting
      waiting = []
      for (const one of [...group, ...rest]) one.fail(error)
    }
  }

  const flush = (): void => {
    scheduled = false
    while (waiting.length > 0 && active < writers) {
      active += 1
      void write(take()).finally(() => {
        active -= 1
        flush()
      })
    }
  }

  return (item) =>
    new Promise((ok, fail) => {
      waiting.push({ item, ok, fail })
      if (scheduled || active >= writers) return
      scheduled = true
      setImmediate(flush)
    })
}

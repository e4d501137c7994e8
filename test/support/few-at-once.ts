import type { ExecutionContext, TestFn } from 'ava'

/**
 * The tests of a file that share one program, so many at a time: all at once they wait for the processor, on a slow machine until
 * their time is over.
 */
export function fewAtOnce(test: TestFn, most = 6) {
  let free = most
  const waiting: (() => void)[] = []
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
  const inTurn = (title: string, body: (t: ExecutionContext) => Promise<void>): void =>
    test(title, async (t) => {
      if (free > 0) free -= 1
      else await new Promise<void>((enter) => waiting.push(enter))
      try {
        await body(t)
      } finally {
        leave()
      }
    })
  return Object.assign(inTurn, { before: test.before, after: test.after, serial: test.serial })
}

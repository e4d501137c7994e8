import { rm } from 'node:fs/promises'
import type { Row } from '../figures.ts'
import type { BenchOptions } from '../options.ts'
import { startAll } from '../our-processes.ts'
import { Shutdown } from '../shutdown.ts'
import { makeFolder } from '../site.ts'

const MOST_FIRST_SECONDS = 10
const MOST_LATER_SECONDS = 3

/** From the start of the process, all roles in it, to its readiness: on an empty folder, and on the same one again. Always embedded. */
export async function measureStart({ rounds }: BenchOptions, say: (line: string) => void): Promise<Row> {
  const first: number[] = []
  const later: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const shutdown = new Shutdown()
    try {
      const folder = await shutdown.owns(makeFolder(), (path) =>
        rm(path, { recursive: true, force: true, maxRetries: 5 }),
      )
      for (const times of [first, later]) {
        const startedAt = performance.now()
        const { child } = await startAll({ DATA_DIR: folder, HOST: '127.0.0.1', LOG_LEVEL: 'warn' })
        times.push((performance.now() - startedAt) / 1_000)
        await child.stop()
      }
      say(`start ${round}/${rounds}: first ${first.at(-1)?.toFixed(2)} s, later ${later.at(-1)?.toFixed(2)} s`)
    } finally {
      await shutdown.close()
    }
  }
  const measure = (what: string, ours: readonly number[], most: number) => ({
    ...{ what, unit: 's', ours, most },
    floor: null,
    target: null,
  })
  return {
    name: 'start to ready, embedded',
    measures: [measure('first time', first, MOST_FIRST_SECONDS), measure('later', later, MOST_LATER_SECONDS)],
  }
}

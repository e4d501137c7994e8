import { availableParallelism } from 'node:os'
import { measureAcknowledgement } from './ack/acknowledge.ts'
import { measureBacklog } from './backlog/backlog.ts'
import type { Row } from './figures.ts'
import { measureFlood } from './flood/flood.ts'
import { measureIngestion } from './ingest/ingestion.ts'
import { measureMemory } from './memory/memory.ts'
import { measureNeighbours } from './neighbours/neighbours.ts'
import type { BenchOptions } from './options.ts'
import { measureParsing } from './parse/parsing.ts'
import { measureReplies } from './reply/replies.ts'
import { type Shop, seedShops } from './seed.ts'
import { openSite, type Site } from './site.ts'
import { measureStart } from './start/starting.ts'

export type Report = Readonly<{
  date: string
  /** Servers and machine, for a person. */
  setting: string
  rows: readonly Row[]
}>

const measures = {
  ack: measureAcknowledgement,
  ingest: measureIngestion,
  parse: (_site: Site, _shops: readonly Shop[], options: BenchOptions, say: (line: string) => void) =>
    measureParsing(options, say),
  reply: measureReplies,
  start: (_site: Site, _shops: readonly Shop[], options: BenchOptions, say: (line: string) => void) =>
    measureStart(options, say),
  memory: measureMemory,
  backlog: measureBacklog,
  neighbours: measureNeighbours,
  flood: measureFlood,
} as const

/** On the servers that the environment names, or on embedded ones; leaves nothing behind. */
export async function runBench(
  options: BenchOptions,
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<Report> {
  const site = await openSite(environment)
  try {
    const setting = `${site.uses}; Node ${process.versions.node}; ${availableParallelism()} cores`
    say(setting)
    const shops = await seedShops(site.environment)
    const rows: Row[] = []
    for (const name of options.rows) rows.push(await measures[name](site, shops, options, say))
    return { date: new Date().toISOString().slice(0, 10), setting, rows }
  } finally {
    await site.close()
  }
}

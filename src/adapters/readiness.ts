import type { Pool } from 'pg'
import { runStatement } from './postgres-kit/statement.ts'

type Ping = () => Promise<unknown>

export type Check = Readonly<{
  name: string
  ok: boolean
  detail: string | null
  /** Whoever answers goes on without it: what needs it is 503 by itself. */
  canWait: boolean
}>

/**
 * What the api role needs to serve; each asked with a limit of its own, so that one that hangs does not hide the others. It
 * goes on as long as it can take webhooks: they are the platform's, which does not wait, and every process misses what this one
 * does. The broker and the database stand in for each other there, and Redis is none of their business.
 */
export const readiness =
  (
    needs: {
      database: { healthPool: Pool }
      messaging: { ping: Ping | null }
      redis: { ping(): Promise<void> } | null
    },
    { allNeeded = false } = {},
  ) =>
  async (): Promise<readonly Check[]> => {
    const { database, messaging, redis } = needs
    const checks: [string, Ping][] = [
      ['database', () => runStatement(database.healthPool, 'select 1', [], PATIENCE_MS)],
    ]
    if (messaging.ping) checks.push(['broker', messaging.ping])
    if (redis) checks.push(['redis', () => redis.ping()])
    const found = await Promise.all(checks.map(([name, ping]) => check(name, ping)))
    const takesWebhooks = found.some(({ name, ok }) => name !== 'redis' && ok)
    return found.map((one) => ({ ...one, canWait: !allNeeded && takesWebhooks }))
  }

const PATIENCE_MS = 2_000

async function check(name: string, ping: Ping): Promise<Omit<Check, 'canWait'>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  try {
    await Promise.race([ping(), late])
    return { name, ok: true, detail: null }
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

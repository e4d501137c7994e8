type Ping = () => Promise<unknown>

/** What the api role needs to serve; each asked with a limit of its own, so that one that hangs does not hide the others. */
export const readiness =
  (needs: {
    database: { systemPool: { query(text: string): Promise<unknown> } }
    messaging: { ping: Ping | null }
    redis: { ping(): Promise<void> } | null
  }) =>
  async (): Promise<readonly Readonly<{ name: string; ok: boolean; detail: string | null }>[]> => {
    const { database, messaging, redis } = needs
    const checks: [string, Ping][] = [['database', () => database.systemPool.query('select 1')]]
    if (messaging.ping) checks.push(['broker', messaging.ping])
    if (redis) checks.push(['redis', () => redis.ping()])
    return Promise.all(checks.map(([name, ping]) => check(name, ping)))
  }

const PATIENCE_MS = 2_000

async function check(name: string, ping: Ping) {
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

import type { ExecutionContext } from 'ava'
import { type Application, type RunningRoleName, startApplication } from '../../src/application.ts'
import { loadConfig } from '../../src/config.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { freePort } from './processes.ts'
import { dataFolder, settings } from './program.ts'

export type BegunApplication = Readonly<{
  /** Of the api role, or of a worker's health: it answers from the start. */
  url: string
  log: RecordingLog
  started: Promise<Application>
  /** Also one that has not started yet. */
  end(): Promise<void>
}>

/** The program in this process, as `src/main.ts` starts it; ended with the test. */
export async function beginApplication(
  t: ExecutionContext,
  roles: readonly RunningRoleName[],
  given: Readonly<Record<string, string>>,
  onProgress: (line: string) => void = () => {},
): Promise<BegunApplication> {
  const port = given['PORT'] ?? String(await freePort())
  const at = { [roles.includes('api') ? 'PORT' : 'METRICS_PORT']: port }
  const loaded = loadConfig(settings({ DATA_DIR: await dataFolder(t, 'application'), ...at, ...given }), {
    role: roles.length === 1 && roles[0] !== undefined ? roles[0] : 'all',
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { config, secrets } = loaded
  const log = new RecordingLog()
  const giveUp = new AbortController()
  const started = startApplication({ roles, config, secrets, log, onProgress, signal: giveUp.signal })
  started.catch(() => {})
  const end = async () => {
    giveUp.abort()
    await (await started.catch(() => null))?.close()
  }
  t.teardown(end)
  return { url: `http://127.0.0.1:${port}`, log, started, end }
}

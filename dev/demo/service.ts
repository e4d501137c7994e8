import { pino } from 'pino'
import { startApplication } from '../../src/application.ts'
import { loadConfig } from '../../src/config.ts'
import { DemoFailure } from './demo-failure.ts'

export type Service = Readonly<{ url: string; close(): Promise<void> }>

/** All roles in this process. It gets nothing of our own environment: the demo is the same on every machine. */
export async function startService(
  options: Readonly<{ dataDir: string; logFile: string; port: string; simulatorUrl: string }>,
  onProgress: (line: string) => void,
): Promise<Service> {
  const environment = {
    DATA_DIR: options.dataDir,
    HOST: '127.0.0.1',
    PORT: options.port,
    INSTAGRAM_GRAPH_URL: options.simulatorUrl,
    FACEBOOK_GRAPH_URL: options.simulatorUrl,
  }
  const loaded = loadConfig(environment, { role: 'all' })
  if (!loaded.ok) throw new DemoFailure(loaded.problems.map(({ problem }) => problem).join(' '))
  const { config, secrets } = loaded
  const log = pino({ level: config.logLevel }, pino.destination({ dest: options.logFile, sync: true }))
  const roles = ['api', 'inbound', 'outbound', 'relay', 'scheduler'] as const
  const application = await startApplication({ roles, config, secrets, log, onProgress })
  if (application.url !== null) return { url: application.url, close: application.close }
  await application.close()
  throw new DemoFailure('The service started without its API.')
}

import { pino } from 'pino'
import { startApplication } from '../../src/application.ts'
import { loadConfig } from '../../src/config.ts'
import { DemoFailure } from './demo-failure.ts'

export type Service = Readonly<{ url: string; close(): Promise<void> }>

type Options = Readonly<{ dataDir: string; logFile: string; port: string; simulatorUrl: string }>

/** Nothing of our own environment: the demo is the same on every machine, and knows no host but the simulator. */
export const demoEnvironment = ({ dataDir, port, simulatorUrl }: Omit<Options, 'logFile'>) => ({
  DATA_DIR: dataDir,
  HOST: '127.0.0.1',
  PORT: port,
  INSTAGRAM_GRAPH_URL: simulatorUrl,
  INSTAGRAM_OAUTH_URL: simulatorUrl,
  INSTAGRAM_TOKEN_URL: simulatorUrl,
  FACEBOOK_GRAPH_URL: simulatorUrl,
  FACEBOOK_OAUTH_URL: simulatorUrl,
})

/** All roles in this process. */
export async function startService(options: Options, onProgress: (line: string) => void): Promise<Service> {
  const loaded = loadConfig(demoEnvironment(options), { role: 'all' })
  if (!loaded.ok) throw new DemoFailure(loaded.problems.map(({ problem }) => problem).join(' '))
  const { config, secrets } = loaded
  const log = pino({ level: config.logLevel }, pino.destination({ dest: options.logFile, sync: true }))
  const roles = ['api', 'inbound', 'outbound', 'relay', 'scheduler'] as const
  const application = await startApplication({ roles, config, secrets, log, onProgress })
  if (application.url !== null) return { url: application.url, close: application.close }
  await application.close()
  throw new DemoFailure('The service started without its API.')
}

import closeWithGrace from 'close-with-grace'
import { createPinoLogger } from './adapters/logging/pino-logger.ts'
import { pushDatabase } from './adapters/persistence/open-database.ts'
import { runningRoles, startApplication } from './application.ts'
import { configExitCode, problemsReport } from './config/report.ts'
import { loadConfig, type Role } from './config.ts'
import { explain } from './explain.ts'

const ROLES = ['all', 'migrate', ...runningRoles] as const
const GRACE_MS = 20_000

/** `main.ts [api|inbound|outbound|relay|scheduler|migrate]`; without a role everything runs in this one process. */
export async function main(args: readonly string[]): Promise<number | undefined> {
  const role = (args[0] ?? 'all') as Role
  if (!(ROLES as readonly string[]).includes(role)) {
    console.error(`There is no role "${role}". Roles: ${ROLES.join(', ')}.`)
    return configExitCode
  }
  const loaded = loadConfig(process.env, { role })
  if (!loaded.ok) {
    console.error(problemsReport(loaded.problems))
    return configExitCode
  }
  const { config, secrets, warnings } = loaded
  const log = createPinoLogger(config.logLevel)
  for (const warning of warnings) log.warn({}, warning)
  try {
    if (role === 'migrate') {
      const { applied } = await pushDatabase({ config, secrets, log })
      console.log(
        applied === 0 ? 'The database is up to date.' : `The database is up to date: ${applied} migration(s) applied.`,
      )
      return 0
    }
    const application = await startApplication({
      roles: role === 'all' ? runningRoles : [role as (typeof runningRoles)[number]],
      config,
      secrets,
      log,
    })
    closeWithGrace({ delay: GRACE_MS }, async ({ err, signal }) => {
      if (err) log.error({ err }, 'an unexpected error; shutting down')
      else log.info({ signal }, 'shutting down')
      await application.close()
    })
    return undefined
  } catch (error) {
    const explanation = explain(error)
    console.error(explanation?.says ?? error)
    return explanation?.exitCode ?? 1
  }
}

if (import.meta.main) {
  const code = await main(process.argv.slice(2))
  if (code !== undefined) process.exitCode = code
}

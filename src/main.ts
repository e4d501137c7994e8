import closeWithGrace from 'close-with-grace'
import { createPinoLogger } from './adapters/logging/pino-logger.ts'
import { pushDatabase } from './adapters/persistence/open-database.ts'
import { type Application, runningRoles, startApplication } from './application.ts'
import { configExitCode, problemsReport } from './config/report.ts'
import { loadConfig, type Role } from './config.ts'
import { explain } from './explain.ts'

const ROLES = ['all', 'migrate', ...runningRoles] as const
const GRACE_MS = 20_000
const stays = (): void => {}

/** What asks a program to end. */
const ENDINGS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const USAGE = `Usage: npm start [-- role]

Without a role everything runs in this one process. Roles: ${ROLES.join(', ')}.
Settings come from the environment and .env; .env.example explains them.`

/** `main.ts [api|inbound|outbound|relay|scheduler|migrate]`; without a role everything runs in this one process. */
export async function main(args: readonly string[]): Promise<number | undefined> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE)
    return 0
  }
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
  const stopping = new AbortController()
  const opening = role === 'migrate' ? push() : start(role)
  // From the first moment: an embedded server that a signal met while it started would run on by itself.
  const grace = closeWithGrace({ delay: GRACE_MS }, async ({ err, signal }) => {
    if (err) log.error({ err }, 'an unexpected error; shutting down')
    else log.info({ signal }, 'shutting down')
    stopping.abort()
    const opened = await opening.catch(() => null)
    await opened?.close()
  })
  // The same signal may come twice at once, from a process group and from npm: between two listeners that each hear one, Node
  // would hand the second to the system, which ends us on the spot.
  for (const signal of ENDINGS) process.on(signal, stays)
  const uninstall = () => {
    grace.uninstall()
    for (const signal of ENDINGS) process.off(signal, stays)
  }
  try {
    await opening
  } catch (error) {
    // The shutdown that asked for this ends the process, when everything is closed.
    if (stopping.signal.aborted) return undefined
    uninstall()
    const explanation = explain(error)
    console.error(explanation?.says ?? error)
    return explanation?.exitCode ?? 1
  }
  if (role !== 'migrate' || stopping.signal.aborted) return undefined
  uninstall()
  return 0

  function start(one: Role): Promise<Application> {
    const roles = one === 'all' ? runningRoles : [one as (typeof runningRoles)[number]]
    return startApplication({ roles, config, secrets, log, signal: stopping.signal })
  }

  async function push(): Promise<null> {
    const { applied } = await pushDatabase({ config, secrets, log })
    const what = applied === 0 ? '' : `: ${applied} migration(s) applied`
    console.log(`The database is up to date${what}.`)
    return null
  }
}

if (import.meta.main) {
  const code = await main(process.argv.slice(2))
  if (code !== undefined) process.exitCode = code
}

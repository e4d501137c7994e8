import { parseArgs } from 'node:util'
import { createPinoLogger } from './adapters/logging/pino-logger.ts'
import { type Composition, compose } from './composition.ts'
import { configExitCode, problemsReport } from './config/report.ts'
import { type Environment, loadConfig } from './config.ts'
import type { Role } from './core/actor.ts'
import { DomainError } from './core/errors.ts'
import type { OrgId } from './core/ids.ts'
import { explain } from './explain.ts'
import { rotationReport } from './rotation-report.ts'

const USAGE = `Usage:
  npm run cli -- member:add --org <organization id> --email <address> [--name <name>] [--role OWNER|ADMIN|AGENT|VIEWER] [--password <password>]
  npm run cli -- member:reset-password --email <address> [--password <password>]
  npm run cli -- dead-letters:list
  npm run cli -- dead-letters:replay [--id <id>]
  npm run cli -- unclaimed:list
  npm run cli -- keys:rotate
Without --password a link is printed, under which the person chooses one: it serves once, within a day.
--help prints this.`

const ROLES: readonly Role[] = ['OWNER', 'ADMIN', 'AGENT', 'VIEWER']
const EX_USAGE = 64
const MOST_SHOWN = 100

class UsageError extends Error {}

/** What was asked for was not done, or not wholly; the message says why. */
class Refusal extends Error {}

type Options = Readonly<Record<'org' | 'email' | 'id' | 'name' | 'role' | 'password', string | undefined>>

type Surroundings = Readonly<{
  environment: Environment
  /** `log` gets what was asked for, `error` what is wrong. */
  out: Pick<Console, 'log' | 'error'>
}>

/** What an operator does by hand; answers the exit code. */
export async function main(
  args: readonly string[],
  { environment, out }: Surroundings = { environment: process.env, out: console },
): Promise<number> {
  try {
    const run = read(args)
    if (run === null) {
      out.log(USAGE)
      return 0
    }
    const loaded = loadConfig(environment, { role: 'cli' })
    if (!loaded.ok) {
      out.error(problemsReport(loaded.problems))
      return configExitCode
    }
    const composition = await compose({
      config: loaded.config,
      secrets: loaded.secrets,
      log: createPinoLogger('error'),
    })
    try {
      out.log(await run(composition))
      return 0
    } finally {
      await composition.close()
    }
  } catch (error) {
    if (error instanceof UsageError) {
      out.error(`${error.message}\n${USAGE}`)
      return EX_USAGE
    }
    const explanation = explain(error)
    out.error(error instanceof DomainError || error instanceof Refusal ? error.message : (explanation?.says ?? error))
    return explanation?.exitCode ?? 1
  }
}

type Run = (composition: Composition) => Promise<string>

/** Whatever is wrong with the options is said before anything is opened. */
const commands: Readonly<Record<string, (options: Options) => Run>> = {
  'member:add': (options) => {
    const role = (options.role ?? 'AGENT') as Role
    if (!ROLES.includes(role)) throw new UsageError(`There is no role ${role}.`)
    const orgId = required(options, 'org') as OrgId
    const email = emailIn(options)
    const password = passwordIn(options)
    return async ({ core }) => {
      const { user, link } = await core.addMember({ orgId, email, name: options.name ?? email, password, role })
      const how = link === null ? [] : [`They choose a password here, once, within a day: ${link}`]
      return [`${user.email} is now ${role} of the organization.`, ...how].join('\n')
    }
  },
  /** Those that are no organization's; each organization's administrators have theirs in the API. */
  'dead-letters:list':
    () =>
    async ({ deadLetters }) => {
      const found = await deadLetters.list(MOST_SHOWN)
      const lines = found.map(
        ({ id, queue, reason, deadAt, bytes }) =>
          `${deadAt.toISOString()}  ${id}  ${queue}  ${bytes} bytes  ${reason ?? ''}`,
      )
      return lines.length === 0 ? 'There are none.' : lines.join('\n')
    },
  'dead-letters:replay': ({ id }) => {
    if (id !== undefined && !isUuid(id)) throw new UsageError('--id is an id of dead-letters:list.')
    return async ({ deadLetters }) => {
      const count = await deadLetters.revive(id ?? null)
      return `${count} ${count === 1 ? 'is' : 'are'} tried again.`
    }
  },
  /** How much came for accounts that nobody has connected; what it says is for nobody to read here. */
  'unclaimed:list':
    () =>
    async ({ unclaimedEntries }) => {
      const found = await unclaimedEntries.counts(MOST_SHOWN)
      const lines = found.map(
        ({ type, account, entries, bytes, oldest, newest }) =>
          `${type}  ${account}  ${entries} entries  ${bytes} bytes  ${oldest.toISOString()} to ${newest.toISOString()}`,
      )
      return lines.length === 0 ? 'There are none.' : lines.join('\n')
    },
  'keys:rotate':
    () =>
    async ({ keyRotation }) => {
      const { report, isDone } = rotationReport(await keyRotation.rotate())
      if (!isDone) throw new Refusal(report)
      return report
    },
  'member:reset-password': (options) => {
    const email = emailIn(options)
    const password = passwordIn(options)
    return async ({ core }) => {
      if (password !== null) {
        await core.resetPassword({ email, password })
        return `${email} has a new password.`
      }
      const { link } = await core.offerPassword({ email })
      return `The password of ${email} is no longer good. They choose another one here, once, within a day: ${link}`
    }
  },
}

/** Null when help is asked for. */
function read(args: readonly string[]): Run | null {
  const text = { type: 'string' } as const
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        org: text,
        email: text,
        id: text,
        name: text,
        role: text,
        password: text,
        help: { type: 'boolean', short: 'h' },
      },
    })
    const { help, ...options } = values
    if (help) return null
    const [name] = positionals
    if (name === undefined) throw new UsageError('Name a command.')
    const command = positionals.length === 1 && Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!command) throw new UsageError(`There is no command "${name}".`)
    return command(options as Options)
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message)
  }
}

function required(options: Options, name: keyof Options): string {
  const value = options[name]
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing.`)
  return value
}

/** As signing up takes them. */
function emailIn(options: Options): string {
  const email = required(options, 'email').trim()
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254) throw new UsageError(`${email} is no e-mail address.`)
  return email
}

function passwordIn({ password }: Options): string | null {
  if (password === undefined) return null
  if (password.length < 8 || password.length > 200) throw new UsageError('A password has 8 to 200 characters.')
  return password
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))

import { databaseRefusal, databaseUnreachable } from './adapters/persistence/connect-failure.ts'
import { DatabaseSetupError, MigrationBlocked } from './adapters/persistence/database-errors.ts'
import { EmbeddedPostgresError } from './adapters/persistence/embedded/index.ts'
import { configExitCode } from './config/report.ts'
import { AddressInUse } from './listening.ts'

export type Explanation = Readonly<{ says: string; exitCode: number }>

/** What an operator can mend, as a sentence; null for anything else, which is a bug and keeps its stack. */
export function explain(error: unknown): Explanation | null {
  if (error instanceof DatabaseSetupError) return { says: error.message, exitCode: configExitCode }
  if (error instanceof AddressInUse || error instanceof EmbeddedPostgresError || error instanceof MigrationBlocked)
    return { says: error.message, exitCode: 1 }
  const refusal = databaseRefusal(error)
  if (refusal !== null) return { says: refusal, exitCode: configExitCode }
  const unreachable = databaseUnreachable(error)
  return unreachable === null ? null : { says: unreachable, exitCode: 1 }
}

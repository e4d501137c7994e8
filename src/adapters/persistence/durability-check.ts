import { DatabaseSetupError } from './database-errors.ts'
import type { Orm } from './transaction.ts'

/** Settings of the server that a COMMIT relies on to survive a power cut, as they are for the connections that ask. */
export type Durability = Readonly<{ fsync: string; synchronousCommit: string; fullPageWrites: string }>

const ASKED = `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as "synchronousCommit",
  current_setting('full_page_writes') as "fullPageWrites"`

/**
 * Asks the server whether what it commits is on its disk. A 200 and a 201 are promises about that: in production one that does
 * not wait for its disk is refused by DatabaseSetupError `not-durable`, elsewhere it is a warning for the log.
 */
export async function assertDurable(
  orm: Orm,
  { production }: { production: boolean },
): Promise<{ warnings: string[] }> {
  const [found] = await orm.em.fork().execute<Durability[]>(ASKED)
  const { lost, torn } = found === undefined ? { lost: null, torn: null } : weaknessesOf(found)
  if (lost !== null && production) throw new DatabaseSetupError('not-durable', lost)
  return { warnings: [lost, torn].filter((weakness) => weakness !== null) }
}

/** What a power cut loses, and what it may tear; the latter is no matter where the storage writes whole pages, as some do. */
export function weaknessesOf(found: Durability): { lost: string | null; torn: string | null } {
  const off = [
    ...(found.fsync === 'off' ? ['fsync'] : []),
    ...(found.synchronousCommit === 'off' ? ['synchronous_commit'] : []),
  ]
  return {
    lost:
      off.length === 0
        ? null
        : `The database answers before what it commits is on its disk (${off.join(' and ')} off): a power cut loses messages that were acknowledged. Turn it on.`,
    torn:
      found.fullPageWrites === 'off'
        ? 'The database has full_page_writes off: a power cut may destroy it, unless its storage writes whole pages.'
        : null,
  }
}

import type { Core } from '../core/index.ts'
import type { Logger } from '../ports/logger.ts'
import { repeat } from './repeat.ts'

/** How late people are told of a reply in doubt. */
const LOOK_MS = 2_000
/** A process that is not to live for long has told of them as well. */
const FIRST_WITHIN_MS = 200

/** Of two roles: one of them may be away or cut off from the database while the other is not. What it returns stops it. */
export const startTelling = ({ core, log }: Readonly<{ core: Pick<Core, 'tellUnconfirmed'>; log: Logger }>) =>
  repeat(
    core.tellUnconfirmed,
    LOOK_MS,
    (error) => log.warn({ err: error }, 'doubts could not be told of; trying again'),
    FIRST_WITHIN_MS,
  )

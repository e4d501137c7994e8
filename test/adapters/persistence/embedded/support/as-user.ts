import test, { type ImplementationFn } from 'ava'
import { skipped } from '../../../../support/test-unless.ts'
import { isRoot, NOBODY, nobodyCanRunUs } from './playground.ts'

type Declare = (title: string, run: ImplementationFn<[]>) => void

/** For tests that act as several users. */
export const asRoot: Declare = isRoot ? test.serial : skipped('it needs root: run the suites as root')
export const asNobody: Declare = nobodyCanRunUs
  ? test.serial
  : skipped(
      `it needs root, and a checkout that user ${NOBODY} can read: run the suites as root outside of closed folders`,
    )

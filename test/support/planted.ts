import { randomBytes } from 'node:crypto'

/** Nothing else in the suites begins like this. */
const MARK = 'planted-'
const PLANTED = new RegExp(`${MARK}[\\w-]+`)

/** A secret that is searched for in all output: what processes print, what the API answers, what the suites report. */
export const planted = (what: string): string => `${MARK}${what}-${randomBytes(12).toString('hex')}`

/** The first planted secret in a text, or null. */
export const leakIn = (text: string): string | null => PLANTED.exec(text)?.[0] ?? null

/** For an answer, which has somebody who waits for it. */
export function assertNoLeak(text: string, where: string): void {
  const leak = leakIn(text)
  if (leak !== null) throw new Error(`${where} gives away ${leak}:\n${text}`)
}

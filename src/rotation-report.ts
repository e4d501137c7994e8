import type { RotationOutcome, SealedCount } from './ports/key-rotation.ts'

const MOST_SHOWN = 20

/** What an operator is told; not done where something is left that only they can mend. */
export function rotationReport(outcome: RotationOutcome): { report: string; isDone: boolean } {
  if (outcome.status === 'no-key')
    return { report: 'ENCRYPTION_KEYS is not set: there is no key to seal with.', isDone: false }
  const lines = outcome.counts.map(
    ({ table, keyId, isCurrent, values }) => `${table}  ${keyNamed(keyId)}  ${values}${isCurrent ? '' : '  outdated'}`,
  )
  if (outcome.status === 'keys-missing') {
    const say = `Nothing was changed: ENCRYPTION_KEYS does not hold ${quoted(outcome.keyIds)}, with which values are sealed. Put it back behind the first key.`
    return { report: [say, ...lines].join('\n'), isDone: false }
  }
  const { keyId, rewrapped, unused, counts, unreadable } = outcome
  const changed = rewrapped.map(
    ({ table, keyId: before, values }) => `${table}  ${keyNamed(before)} -> "${keyId}"  ${values}`,
  )
  const say = changed.length > 0 ? ['Sealed anew:', ...changed] : ['Nothing was sealed anew.']
  const now = ['In the database now:', ...(lines.length > 0 ? lines : ['no sealed values'])]
  const outdated = sum(counts.filter(({ isCurrent }) => !isCurrent))
  const ends =
    unreadable.length > 0
      ? [
          `${unreadable.length} could not be opened and were left as they are; enter these credentials again:`,
          ...unreadable.slice(0, MOST_SHOWN).map(({ orgId, table, row }) => `organization ${orgId}  ${table}  ${row}`),
        ]
      : outdated > 0
        ? [
            `${outdated} were sealed in the old way meanwhile: start every process with the new list, then run this again.`,
          ]
        : [
            unused.length > 0
              ? `Nothing is sealed with ${quoted(unused)} any more: once every process runs with "${keyId}" first, it can be taken out of ENCRYPTION_KEYS.`
              : `"${keyId}" is the only key, and all is sealed with it.`,
          ]
  return { report: [...say, ...now, ...ends].join('\n'), isDone: outdated === 0 }
}

const keyNamed = (keyId: string | null): string => (keyId === null ? 'not sealed' : `"${keyId}"`)

const quoted = (ids: readonly string[]): string => ids.map(keyNamed).join(', ')

const sum = (counts: readonly SealedCount[]): number => counts.reduce((total, { values }) => total + values, 0)

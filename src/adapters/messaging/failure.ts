import { Unavailable } from '../../core/errors.ts'
import { isRetryable, isUnavailable } from '../postgres-kit/errors.ts'

/** Waiting may help: a server is away. Such a failure is nobody's fault and counts as no attempt. */
export function isTransient(error: unknown): boolean {
  if (isUnavailable(error) || isRetryable(error)) return true
  let current = error
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (current instanceof Unavailable) return true
    current = current.cause
  }
  return false
}

/** Short enough for a header and free of NUL, which PostgreSQL refuses in text. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.replaceAll('\0', ' ').slice(0, 300)
}

/** The reason at the bottom: an adapter's error says only that something is away. */
export function causeOf(error: unknown): string {
  let deepest = error
  for (let depth = 0; depth < 5 && deepest instanceof Error && deepest.cause instanceof Error; depth++)
    deepest = deepest.cause
  return reasonOf(deepest)
}

/** 1 s, 2 s, 4 s … 60 s, of which a random half is taken off, so that neighbours do not come back together. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const fullMs = Math.min(60_000, 1_000 * 2 ** Math.max(0, attempt - 1))
  return Math.max(1_000, Math.round(fullMs * (0.5 + random() / 2)))
}

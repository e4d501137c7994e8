/** The system's name of what went wrong (`ENOENT`, …), or null for an error that did not come from the system. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

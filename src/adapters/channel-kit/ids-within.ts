/** Texts and numbers anywhere in a value, as text: whatever may be an id. The caller has bounded its depth. */
export function idsWithin(value: unknown, found: Set<string> = new Set()): ReadonlySet<string> {
  if (typeof value === 'string' || typeof value === 'number') found.add(String(value))
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) idsWithin(one, found)
  return found
}

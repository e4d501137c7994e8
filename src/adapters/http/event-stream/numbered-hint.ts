/** Which organizations have new events, and up to which number: `[[orgId, "48212"], …]`. Null: any of them may. */
export function readHint(payload: string | undefined): ReadonlyMap<string, number> | null {
  if (payload === undefined) return null
  try {
    const pairs = JSON.parse(payload) as unknown
    if (!Array.isArray(pairs)) return null
    return new Map(pairs.map(([orgId, seq]: readonly [unknown, unknown]) => [String(orgId), Number(seq)]))
  } catch {
    return null
  }
}

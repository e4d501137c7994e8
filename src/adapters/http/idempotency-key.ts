/** The same key may come bare or as the quoted string of a structured field. */
export function unquoted(key: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(key)
  return quoted ? quoted[1]!.replace(/\\(["\\])/g, '$1') : key
}

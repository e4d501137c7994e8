/** As it was given to `pg`. */
export type Statement = Readonly<{ text: string; values: readonly unknown[]; name?: string }>

/** What replaces the recorded event's own facts. */
export type Facts = Readonly<{
  /** The replay's id for one that was recorded. */
  idFor(recorded: string): string
  at: Date
  messageId: string
  person: string
  /** Unique in its organization; the one value that ours takes from the answer to an earlier statement. */
  ticketNumber: number
}>

/** What stands in the recorded statements for a message and its sender. */
export type Recording = Readonly<{ messageIds: readonly string[]; person: string }>

type Fill<T> = (facts: Facts) => T

const ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z'
const TICKET_NUMBER = '(?<="number":")\\d+(?=")'

/** Finds the recorded event's facts in its statements once, so that a replay only puts them together. */
export function createTranscript(statements: readonly Statement[], recording: Recording): Fill<readonly Statement[]> {
  const fills = statements.map(({ text, values, name }): Fill<Statement> => {
    const fillText = fillString(text, recording)
    const fillValues = values.map((value) => fillValue(value, recording))
    const named = name === undefined ? {} : { name }
    return (facts) => ({ ...named, text: fillText(facts), values: fillValues.map((fill) => fill(facts)) })
  })
  return (facts) => fills.map((fill) => fill(facts))
}

function fillValue(value: unknown, recording: Recording): Fill<unknown> {
  if (typeof value === 'string') return fillString(value, recording)
  if (value instanceof Date) return ({ at }) => at
  if (!Array.isArray(value)) return () => value
  const fills = value.map((item) => fillValue(item, recording))
  return (facts) => fills.map((fill) => fill(facts))
}

function fillString(text: string, { messageIds, person }: Recording): Fill<string> {
  const found = new RegExp(`(${[ID, TIME, TICKET_NUMBER, ...messageIds, person].join('|')})`)
  // With a group, what splits is kept: every second piece is one of ours.
  const pieces = text.split(found).map((piece, index): string | Fill<string> => {
    if (index % 2 === 0) return piece
    if (messageIds.includes(piece)) return (facts) => facts.messageId
    if (piece === person) return (facts) => facts.person
    if (/^\d+$/.test(piece)) return ({ ticketNumber }) => String(ticketNumber)
    if (piece.endsWith('Z')) return ({ at }) => at.toISOString()
    return ({ idFor }) => idFor(piece)
  })
  const [only] = pieces
  if (pieces.length === 1 && typeof only === 'string') return () => only
  return (facts) => pieces.map((piece) => (typeof piece === 'string' ? piece : piece(facts))).join('')
}

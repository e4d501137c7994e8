import type { Evidence } from './checker.ts'

/** Evidence that may be spoiled. */
export type Spoilable = Open<Evidence>
type Open<T> = T extends Date
  ? T
  : T extends readonly (infer Item)[]
    ? Open<Item>[]
    : T extends object
      ? { -readonly [Key in keyof T]: Open<T[Key]> }
      : T
export type Message = Spoilable['snapshot']['messages'][number]
type Happened = Spoilable['snapshot']['events'][number]

export function withOne<T>(one: T | undefined, spoil: (one: T) => unknown): boolean {
  return one !== undefined && spoil(one) !== false
}

export const received = ({ snapshot }: Spoilable): Message[] =>
  snapshot.messages.filter(({ direction }) => direction === 'INBOUND')
export const written = ({ snapshot }: Spoilable): Message[] =>
  snapshot.messages.filter(({ authorType }) => authorType === 'MEMBER')

export function becomes({ snapshot }: Spoilable, message: Message, status: string): void {
  message.status = status
  for (const part of snapshot.parts.filter(({ messageId }) => messageId === message.id)) part.status = status
}

/** The row and what goes with it; the log of events keeps what was told. */
export function forget({ snapshot }: Spoilable, { id }: Message): void {
  snapshot.messages = snapshot.messages.filter((message) => message.id !== id)
  snapshot.parts = snapshot.parts.filter(({ messageId }) => messageId !== id)
  snapshot.notifications = snapshot.notifications.filter(({ messageId }) => messageId !== id)
}

/** The row, with all that comes with a new one. */
export function double(evidence: Spoilable, message: Message): void {
  const { snapshot } = evidence
  const id = `${message.id} again`
  snapshot.messages.push({ ...message, id })
  for (const part of snapshot.parts.filter(({ messageId }) => messageId === message.id))
    snapshot.parts.push({ ...part, id: `${part.id} again`, messageId: id })
  for (const one of snapshot.notifications.filter(({ messageId }) => messageId === message.id)) {
    snapshot.notifications.push({ ...one, id: `${one.id} again`, messageId: id })
    tellAgain(evidence, one.id, `${one.id} again`)
  }
  tellAgain(evidence, message.id, id)
}

/** The events about one thing once more about another, to readers as well. */
export function tellAgain(evidence: Spoilable, about: string, instead: string): void {
  const { snapshot } = evidence
  for (const event of snapshot.events.filter(({ resourceId }) => resourceId === about)) {
    const number = snapshot.events.filter(({ orgId }) => orgId === event.orgId).length + 1
    const publicId = `${event.publicId} again`
    snapshot.events.push({ ...event, id: 1e6 + snapshot.events.length, publicId, seq: number, resourceId: instead })
  }
  tellReaders(evidence)
}

/** As if they had never been written: the others have their numbers. */
export function untell(evidence: Spoilable, isGone: (event: Happened) => boolean): void {
  const { snapshot } = evidence
  snapshot.events = snapshot.events.filter((event) => !isGone(event))
  for (const those of Map.groupBy(snapshot.events, ({ orgId }) => orgId).values())
    those.forEach((event, index) => {
      event.seq = index + 1
    })
  tellReaders(evidence)
}

function tellReaders({ snapshot, history }: Spoilable): void {
  for (const feed of history.feeds) {
    feed.events = snapshot.events
      .filter(({ orgId }) => orgId === feed.orgId)
      .map(({ publicId: id, seq, orgId, type, occurredAt: at }) => ({ id, seq: seq ?? 0, orgId, type, at }))
  }
}

import type { Bubble, Phone } from './cli-target.ts'

const TIME_CHARS = 8

/** A line for each bubble and comment, what the business did with it below it, and at the end what it is doing. */
export function phoneLines({ account, customer, messages, reactions, publicReplies, seen, typing }: Phone): string[] {
  const width = Math.max(account.length, customer.length)
  const row = (time: string, who: string, what: string): string =>
    `${time.padEnd(TIME_CHARS)}  ${who.padEnd(width)}  ${what}`
  const timeOf = (at: string): string => new Date(at).toTimeString().slice(0, TIME_CHARS)
  const lines = messages.flatMap((bubble) => {
    const { mid, from, at } = bubble
    return [
      row(timeOf(at), from === 'customer' ? customer : account, shown(bubble)),
      ...reactions.filter((one) => one.mid === mid).map(({ emoji }) => row('', account, emoji)),
      ...publicReplies
        .filter((one) => one.mid === mid)
        .map((reply) => row(timeOf(reply.at), account, `(public reply) ${reply.text}`)),
      ...(seen === mid ? [row('', account, 'seen')] : []),
    ]
  })
  return typing ? [...lines, row('', account, 'is typing …')] : lines
}

function shown({ kind, text, attachments, privateReplyTo, unsent }: Bubble): string {
  const place = kind === 'comment' ? '(comment) ' : privateReplyTo === null ? '' : '(privately) '
  if (unsent) return `${place}[unsent]`
  return `${place}${text ?? attachments.map(({ type }) => `[${type}]`).join(' ')}`
}

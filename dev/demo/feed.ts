import type { Gesture, PhoneMessage, SimulatedCustomer } from '../instagram-simulator/index.ts'
import { SHOP, STORY } from './story.ts'
import { cut, type Terminal } from './terminal.ts'

const QUOTED_CHARS = 40

type Who = Readonly<{ name: string; isCustomer: boolean; width: number }>

/** What happens on anybody's phone, a line each. Every line says whose phone it is; the columns stay where they are. */
export function createFeed(terminal: Terminal) {
  const ofShop = (customer: string): string => `${SHOP.name} to ${customer}`
  // Somebody with a longer name may still come: from then on the column is wider.
  let width = Math.max(...STORY.map(({ name }) => ofShop(name).length))
  const show = (customer: SimulatedCustomer, isCustomer: boolean, at: Date, what: string): void => {
    const name = customer.name ?? customer.username
    width = Math.max(width, ofShop(name).length)
    terminal.print(feedLine(terminal, at, { name: isCustomer ? name : ofShop(name), isCustomer, width }, what))
  }
  return {
    bubble: (customer: SimulatedCustomer, bubble: PhoneMessage): void =>
      show(customer, bubble.from === 'customer', bubble.at, contentOf(bubble)),
    gesture: (customer: SimulatedCustomer, gesture: Gesture, about: PhoneMessage | null): void => {
      const what = gestureOf(gesture, about)
      if (what !== null) show(customer, false, new Date(), what)
    },
  }
}

export function feedLine(terminal: Terminal, at: Date, { name, isCustomer, width }: Who, what: string): string {
  const time = at.toTimeString().slice(0, 8)
  return `    ${terminal.paint('dim', time)}  ${terminal.paint(isCustomer ? 'cyan' : 'green', name.padEnd(width))}  ${what}`
}

export function contentOf({ kind, text, attachments, privateReplyTo }: PhoneMessage): string {
  const content = text ?? attachments.map(({ type }) => `[${type}]`).join(' ')
  return `${kind === 'comment' ? '(comment) ' : privateReplyTo ? '(privately) ' : ''}${content}`
}

/** Null for what is not worth a line: that typing ended, shows by what was typed. */
function gestureOf(gesture: Gesture, about: PhoneMessage | null): string | null {
  const quoted = about === null ? '' : ` “${cut(contentOf(about), QUOTED_CHARS)}”`
  switch (gesture.type) {
    case 'typing':
      return gesture.on ? 'is typing …' : null
    case 'seen':
      return `has seen${quoted}`
    case 'reaction':
      return gesture.emoji === null ? `took the reaction back from${quoted}` : `${gesture.emoji} to${quoted}`
    case 'public-reply':
      return `(public reply) ${gesture.text}`
  }
}

import type { Notification } from './api.ts'
import { contentOf, feedLine } from './feed.ts'
import { USUAL_FOLDER } from './folder.ts'
import type { Answered, Arrived, Login, Sent } from './round-trip.ts'
import { AGENT, ANSWER, SHOP } from './story.ts'
import { type Terminal, table } from './terminal.ts'

const printTable = (terminal: Terminal, head: readonly string[], rows: readonly (readonly string[])[]): void => {
  const [first = '', ...lines] = table(head, rows, terminal.width - 4)
  terminal.print(`    ${terminal.paint('dim', first)}`)
  for (const line of lines) terminal.print(`    ${line}`)
}

const heading = (terminal: Terminal, text: string): void => {
  terminal.print()
  terminal.print(`  ${terminal.paint('bold', text)}`)
}

export function showStory(terminal: Terminal, sent: readonly Sent[]): void {
  heading(terminal, 'What the customers did on Instagram')
  printTable(
    terminal,
    ['who', 'how', 'webhook', 'what'],
    sent.map(({ act, webhook }) => [act.name, act.what, String(webhook.status), act.said]),
  )
}

export function showInbox(
  terminal: Terminal,
  arrived: readonly Arrived[],
  notifications: readonly Notification[],
): void {
  heading(terminal, 'Customers')
  printTable(
    terminal,
    ['name', 'username', 'Instagram id'],
    arrived.map(({ customer }) => [customer.displayName, `@${customer.username ?? '?'}`, customer.externalId]),
  )
  heading(terminal, 'Tickets')
  printTable(
    terminal,
    ['no.', 'customer', 'kind', 'status', 'unread', 'reply within', 'last message'],
    arrived
      .toSorted((a, b) => a.ticket.number - b.ticket.number)
      .map(({ ticket, customer }) => [
        `#${ticket.number}`,
        customer.displayName,
        ticket.kind,
        ticket.status,
        String(ticket.unreadCount),
        timeLeft(ticket.window?.closesAt ?? null),
        ticket.lastMessagePreview ?? '',
      ]),
  )
  const unread = notifications.filter(({ read }) => !read)
  const types = [...new Set(unread.map(({ type }) => type))].join(', ')
  heading(terminal, 'Notifications')
  terminal.print(`    ${unread.length} unread for ${AGENT.name} (${types})`)
}

export function showAnswer(terminal: Terminal, to: Arrived, { message, tookMs, phone }: Answered): void {
  heading(terminal, `${AGENT.name} answers #${to.ticket.number}`)
  terminal.print(`    “${ANSWER}”`)
  terminal.print(`    ${terminal.paint('green', message.status)} after ${Math.round(tookMs)} ms`)
  heading(terminal, `${to.act.name}'s phone`)
  const width = Math.max(to.act.name.length, SHOP.name.length)
  for (const bubble of phone) {
    const isTheirs = bubble.from === 'customer'
    const who = { name: isTheirs ? to.act.name : SHOP.name, isCustomer: isTheirs, width }
    terminal.print(feedLine(terminal, bubble.at, who, contentOf(bubble)))
  }
}

export function showWayOn(
  terminal: Terminal,
  { url, login, arrived, folder }: { url: string; login: Login; arrived: readonly Arrived[]; folder: string },
): void {
  const { accessToken, orgId } = login.session
  const jonas = arrived[1] ?? arrived[0]
  const row = (label: string, value: string): void => terminal.print(`    ${label.padEnd(8)} ${value}`)
  heading(terminal, 'It stays up until Ctrl-C')
  row('API', url)
  row('docs', `${url}/docs`)
  row('login', `${login.email}   ${login.password}`)
  heading(terminal, 'Go on')
  terminal.print(`    ${terminal.paint('dim', '# one more customer writes; --help shows what else they can do')}`)
  terminal.print(`    npm run simulate -- dm "hello"${folder === USUAL_FOLDER ? '' : ` --demo ${folder}`}`)
  terminal.print(`    ${terminal.paint('dim', `# answer ${jonas?.act.name}`)}`)
  terminal.print(`    curl -X POST ${url}/orgs/${orgId}/tickets/${jonas?.ticket.id}/messages \\`)
  terminal.print(`      -H 'Authorization: Bearer ${accessToken}' -H 'Content-Type: application/json' \\`)
  terminal.print(`      -d '{"content": "In the Dolomites, last week.", "direction": "OUTBOUND"}'`)
  heading(terminal, 'From here on, as it happens')
}

function timeLeft(closesAt: string | null): string {
  if (closesAt === null) return '–'
  const minutes = Math.max(0, Math.round((Date.parse(closesAt) - Date.now()) / 60_000))
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  return `${hours} h ${minutes % 60} min`
}

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export type KeptLetter = Readonly<{ from: string; to: string; headers: ReadonlyMap<string, string>; text: string }>

/** `refusing` says no for good, `busy` for now, `silent` takes connections and says nothing. */
export type Mood = 'taking' | 'refusing' | 'busy' | 'silent'

export type SmtpServer = Readonly<{
  url: string
  letters: KeptLetter[]
  state: { mood: Mood; connections: number }
  /** The first letter to somebody, from now on or before. */
  letterTo(address: string, subject?: string): KeptLetter | undefined
  close(): Promise<void>
}>

/** As much of RFC 5321 as a client needs to hand over a letter, on a port of its own; keeps what it takes. */
export async function startSmtpServer(): Promise<SmtpServer> {
  const letters: KeptLetter[] = []
  const state = { mood: 'taking' as Mood, connections: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    state.connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    if (state.mood === 'silent') return
    talk(socket, state, letters)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    letters,
    state,
    letterTo: (address, subject = '') =>
      letters.find((one) => one.to === address && (one.headers.get('subject') ?? '').includes(subject)),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function talk(socket: Socket, state: { mood: Mood }, letters: KeptLetter[]): void {
  let waiting = ''
  let isData = false
  let [from, to] = ['', '']
  const say = (line: string) => socket.write(`${line}\r\n`)
  const answer = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') return void say('250-here\r\n250 8BITMIME')
    if (verb === 'MAIL') {
      from = addressIn(line)
      if (state.mood === 'busy') return void say('451 later')
      return void say(state.mood === 'refusing' ? '550 no' : '250 yes')
    }
    if (verb === 'RCPT') to = addressIn(line)
    if (verb === 'DATA') {
      isData = true
      return void say('354 go on')
    }
    if (verb === 'QUIT') return void socket.end('221 bye\r\n')
    say('250 yes')
  }
  socket.setEncoding('utf8')
  socket.on('data', (piece: string) => {
    waiting += piece
    for (;;) {
      const end = waiting.indexOf(isData ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const part = waiting.slice(0, end)
      waiting = waiting.slice(end + (isData ? 5 : 2))
      if (isData) {
        letters.push(letterOf(from, to, part))
        isData = false
        say('250 taken')
      } else answer(part)
    }
  })
  say('220 here')
}

const addressIn = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? ''

function letterOf(from: string, to: string, raw: string): KeptLetter {
  const [head = '', ...rest] = raw.replace(/^\.\./gm, '.').split('\r\n\r\n')
  const headers = new Map(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)] as const),
  )
  const body = rest.join('\r\n\r\n')
  const isQuoted = headers.get('content-transfer-encoding') === 'quoted-printable'
  return { from, to, headers, text: isQuoted ? unquoted(body) : body }
}

const unquoted = (text: string): string =>
  text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

import { setTimeout as wait } from 'node:timers/promises'
import { createTransport } from 'nodemailer'
import type { Letter, Mailer } from '../../ports/mailer.ts'

export type SmtpOptions = Readonly<{
  /** `smtp://` or `smtps://`, with user and password where the server asks for them. */
  url: string
  from: string
  /** Between one try and the next. */
  pausesMs?: readonly number[]
}>

const PAUSES_MS = [1_000, 5_000]
const CONNECT_MS = 5_000
const SILENCE_MS = 10_000

/** One connection for each letter: there are few. */
export function createSmtpMailer({ url, from, pausesMs = PAUSES_MS }: SmtpOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url)
  const isEncrypted = protocol === 'smtps:'
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isEncrypted ? 465 : 587) : Number(port),
    secure: isEncrypted,
    // A password crosses no network in the open; what has none may be a relay of this machine's network.
    requireTLS: !isEncrypted && username !== '' && !isThisMachine(hostname),
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // A letter is text, and comes from nowhere else.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const sendOnce = async ({ to, subject, text }: Letter): Promise<void> => {
    await transport.sendMail({ from, to: { name: '', address: to }, subject: oneLine(subject), text })
  }
  return {
    isThere: true,
    async send(letter) {
      for (const pauseMs of pausesMs) {
        try {
          return await sendOnce(letter)
        } catch (error) {
          if (isFinal(error)) throw error
          await wait(pauseMs)
        }
      }
      await sendOnce(letter)
    },
  }
}

const isThisMachine = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.')

/** A name from outside stands in it: it makes no header of its own. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** The server has said no: 5xx, for good. */
const isFinal = (error: unknown): boolean => {
  const code = (error as { responseCode?: number }).responseCode
  return code !== undefined && code >= 500
}

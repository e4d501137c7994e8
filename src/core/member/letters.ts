import type { CorePorts } from '../../ports/core-ports.ts'
import type { Letter } from '../../ports/mailer.ts'

export const invitationLetter = (
  to: string,
  { organization, link }: { organization: string; link: string },
): Letter => ({
  to,
  subject: `Invitation to ${organization}`,
  text: `You are invited to join ${organization}.

Open this link within seven days. It works once:

${link}

If you expected no invitation, you need not do anything.
`,
})

export const resetLetter = (to: string, { link }: { link: string }): Letter => ({
  to,
  subject: 'A new password',
  text: `Somebody, probably you, asked for a new password.

Open this link within half an hour and choose one. It works once:

${link}

If it was not you, you need not do anything: your password stays as it is.
`,
})

export const changedLetter = (to: string): Letter => ({
  to,
  subject: 'Your password was changed',
  text: `Your password was changed just now, and you were signed out everywhere else.

If it was not you, ask whoever runs this inbox for a new one at once.
`,
})

/**
 * Behind the answer of whoever asked: nobody waits for a server of letters, and one that is away fails nothing. Tells whether one
 * was taken; a process that ends meanwhile sends no more.
 */
export async function sendLetter(
  { log, mailer }: Pick<CorePorts, 'log' | 'mailer'>,
  kind: string,
  letter: Letter,
): Promise<boolean> {
  try {
    await mailer.send(letter)
    return true
  } catch (error) {
    // The server's words may repeat the address.
    const { code, responseCode } = error as { code?: string; responseCode?: number }
    log.warn({ kind, code, responseCode }, 'a letter was not sent')
    return false
  }
}

import type { Mailer } from '../../ports/mailer.ts'

/** Where SMTP_URL is not set: links are passed on by whoever made them. */
export const noMailer: Mailer = {
  isThere: false,
  send: () => Promise.reject(new Error('no server for letters is set')),
}

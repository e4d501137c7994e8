import type { Report } from './checker.ts'
import type { Facts } from './facts.ts'

type Answered = Readonly<{ status: number | null; retryAfter: string | null }>

/** What a well-formed request of somebody who is signed in is never answered. */
const NEVER = [401, 403, 404]

/** I9: a dependency's fault is a 503 that says when to come again, and never looks like a bug or like the caller's fault. */
export function checkAnswers({ ledger, history }: Facts, report: Report): void {
  const problem = ({ status, retryAfter }: Answered): string | null => {
    if (status === null || status < 500) return null
    if (status !== 503) return `was answered ${status}`
    return retryAfter === null ? 'was answered 503 without a time to come again' : null
  }
  for (const { mid, id, attempts } of ledger.webhooks) {
    for (const attempt of attempts) {
      const { status } = attempt
      const wrong =
        problem(attempt) ?? (status !== null && status >= 400 && status < 500 ? `was answered ${status}` : null)
      if (wrong) report('I9', 'unexpected', `the webhook ${mid ?? id} ${wrong}`)
    }
  }
  for (const exchange of history.exchanges) {
    const { method, path, status } = exchange
    const wrong = problem(exchange) ?? (NEVER.includes(status ?? 0) ? `was answered ${status}` : null)
    if (wrong) report('I9', 'unexpected', `${method} ${path} ${wrong}`)
  }
}

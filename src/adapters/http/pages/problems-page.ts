import type { ProblemEntry } from '../problem-entries.ts'
import { escapeHtml, page } from './page.ts'

/** What errors mean, for a person who followed the link in one. */
export function problemsPage(title: string, entries: readonly ProblemEntry[]): string {
  const back = entries.length === 1 ? '<p><a href="/problems">All error codes</a></p>' : '<p><a href="/">Home</a></p>'
  return page(title, `<h1>${escapeHtml(title)}</h1>\n${back}\n${entries.map(article).join('\n')}`)
}

const article = ({
  code,
  type,
  status,
  title,
  explanation,
  fix,
  retryable,
}: ProblemEntry): string => `<article id="${code}">
<span class="status">${status}</span>
<h2><a href="${type}"><code>${code}</code></a></h2>
<p><strong>${escapeHtml(title)}.</strong> ${inline(explanation)}</p>
<p>${inline(fix)}</p>
<p class="soft">${retryable ? 'The same request may succeed later.' : 'Repeating the request changes nothing.'}</p>
</article>`

const inline = (text: string): string => escapeHtml(text).replace(/&#96;|`([^`]+)`/g, '<code>$1</code>')

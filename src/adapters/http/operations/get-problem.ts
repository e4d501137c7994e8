import { NotFound } from '../../../core/errors.ts'
import { forEverybody, json } from '../operation.ts'
import { prefersHtml } from '../pages/prefers-html.ts'
import { problemsPage } from '../pages/problems-page.ts'
import { problemEntries } from '../problem-entries.ts'

export const getProblem = forEverybody(() => ({ req, params }) => {
  const entry = problemEntries.find(({ code }) => code === params['code'])
  if (!entry) throw new NotFound('error code')
  return prefersHtml(req)
    ? { status: 200, type: 'text/html', body: problemsPage(entry.title, [entry]) }
    : json(200, entry)
})

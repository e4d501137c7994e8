import { forEverybody, json } from '../operation.ts'
import { prefersHtml } from '../pages/prefers-html.ts'
import { problemsPage } from '../pages/problems-page.ts'
import { problemEntries } from '../problem-entries.ts'

export const listProblems = forEverybody(() => {
  const page = problemsPage('Error codes', problemEntries)
  return ({ req }) =>
    prefersHtml(req)
      ? { status: 200, type: 'text/html', body: page }
      : json(200, { data: problemEntries, page: { nextCursor: null, hasMore: false } })
})

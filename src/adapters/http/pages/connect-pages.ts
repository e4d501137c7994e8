import { escapeHtml, page } from './page.ts'

export const connectedPage = (name: string, isNew: boolean): string =>
  page(
    'Connected',
    `<h1>${isNew ? 'Connected' : 'Connected again'}</h1>
<p><strong>${escapeHtml(name)}</strong> now delivers its messages here. You can close this window.</p>`,
  )

/** Links, since the page has no script and the API takes JSON: each serves once, and in this session only. */
export const choicePage = (
  login: string,
  choice: string,
  accounts: readonly Readonly<{ account: string; name: string }>[],
): string =>
  page(
    'Which account?',
    `<h1>Which account?</h1>
<p>Your login speaks for several. Choose the one to connect.</p>
<ul class="cards">
${accounts.map(({ account, name }) => `<li><a href="/oauth/${login}/callback?${escapeHtml(new URLSearchParams({ state: choice, account }).toString())}"><strong>${escapeHtml(name)}</strong><br><span class="soft">${escapeHtml(account)}</span></a></li>`).join('\n')}
</ul>`,
  )

/** For whoever lands here in a browser that has no session: the login itself is not lost by it. */
export const unfinishedPage = (): string =>
  page(
    'One more step',
    `<h1>One more step</h1>
<p>You have logged in, and this browser does not know who you are here. Finish where you began: within ten minutes, call the
address of this page with the session that asked for the login, for example with its <code>Authorization</code> header.</p>`,
  )

export const refusedPage = (title: string, detail: string, fix: string): string =>
  page(
    title,
    `<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(detail)}</p>
<p class="soft">${escapeHtml(fix)}</p>`,
  )

/*
 * What the pages behind the links of letters do in a browser. These functions are served by their own text, so that they are checked
 * and tested like the rest: they know each other and what they are given, and nothing else of this program.
 */

/** A part of the page, by its id. */
export type Part = {
  hidden: boolean
  textContent: string | null
  value: string
  type: string
  checked: boolean
  disabled: boolean
  autocomplete: string
  focus(): void
  addEventListener(what: 'submit' | 'change', heard: (event: { preventDefault(): void }) => unknown): void
}

/** As much of a browser as it takes. */
export type Browser = Readonly<{
  location: Readonly<{ hash: string; pathname: string }>
  history: { replaceState(data: null, unused: string, path: string): void }
  document: { getElementById(id: string): unknown }
  addEventListener(what: 'hashchange', heard: () => unknown): void
  fetch(path: string, init: Readonly<Record<string, unknown>>): Promise<Response>
}>

type Answer = Readonly<{ status: number; retryAfter: string | null; body: Readonly<Record<string, unknown>> }>

/** What stands behind the `#` of the link; from then on it is in no address, history or picture of the screen. */
export function takeToken({ location, history }: Browser): string {
  const token = location.hash.slice(1)
  if (token !== '') history.replaceState(null, '', location.pathname)
  return token
}

/** Only here does the token leave the browser, and in a body. Status 0 where nothing answered. */
export async function ask(browser: Browser, path: string, body: Readonly<Record<string, unknown>>): Promise<Answer> {
  try {
    const answered = await browser.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    })
    const { status, headers } = answered
    return { status, retryAfter: headers.get('retry-after'), body: (await answered.json()) as Answer['body'] }
  } catch {
    return { status: 0, retryAfter: null, body: {} }
  }
}

/** Why nothing came of it, in words for whoever sits before the page. */
export function saidOf({ status, retryAfter, body }: Answer): string {
  if (status === 400)
    return 'A password has 8 to 200 characters, and a name at least one. Please look at the fields again.'
  if (status === 401) return 'This is not the password that belongs to this address here. Please try again.'
  if (status === 422) return 'This password is one of those that are tried first. Please choose another one.'
  if (status === 429) return `There were too many tries. Please wait ${retryAfter ?? 'some'} seconds and try again.`
  if (status >= 400 && status < 500) return String(body['detail'] ?? 'The server refused. Please open the link again.')
  return 'The server could not be reached, or is not well. Please try again in a moment.'
}

/** Shows one section alone, and leads whoever hears the page to its heading. */
export function showOnly(browser: Browser, shown: string): void {
  for (const id of ['wait', 'missing', 'over', 'trouble', 'form', 'done']) {
    const section = browser.document.getElementById(id) as Part
    section.hidden = id !== shown
  }
  const heading = browser.document.getElementById(`${shown}-heading`) as Part | null
  heading?.focus()
}

/** The fields, whatever they were for the link before. */
export function emptyFields(browser: Browser): void {
  for (const id of ['name', 'password']) {
    const field = browser.document.getElementById(id) as Part | null
    if (field !== null) field.value = ''
  }
  const fault = browser.document.getElementById('fault') as Part
  fault.textContent = ''
}

/** Sends the form when it is asked to, once at a time; `send` gets a new answer and tells which section follows, or null for none. */
export function onSubmit(browser: Browser, send: () => Promise<Answer>, took: (answer: Answer) => string | null): void {
  const part = (id: string) => browser.document.getElementById(id) as Part
  const button = part('send')
  const fault = part('fault')
  const password = part('password')
  const reveal = part('reveal')
  reveal.addEventListener('change', () => {
    password.type = reveal.checked ? 'text' : 'password'
  })
  part('form').addEventListener('submit', async (event) => {
    event.preventDefault()
    if (button.disabled) return
    button.disabled = true
    fault.textContent = ''
    const answer = await send()
    button.disabled = false
    const next = answer.status === 410 ? 'over' : took(answer)
    if (next === null) {
      fault.textContent = saidOf(answer)
      password.focus()
      return
    }
    emptyFields(browser)
    showOnly(browser, next)
  })
}

export function showWarnings(browser: Browser, { body }: Answer): void {
  const common = browser.document.getElementById('common') as Part
  const warnings = body['warnings']
  common.hidden = !(Array.isArray(warnings) && warnings.includes('weak-password'))
}

export function runPasswordReset(browser: Browser): void {
  let token = ''
  const begin = () => {
    token = takeToken(browser)
    emptyFields(browser)
    showOnly(browser, token === '' ? 'missing' : 'form')
  }
  const send = () => {
    const { value: password } = browser.document.getElementById('password') as Part
    return ask(browser, '/auth/password-reset/confirm', { token, password })
  }
  onSubmit(browser, send, (answer) => {
    if (answer.status !== 200) return null
    showWarnings(browser, answer)
    return 'done'
  })
  // The same tab may open another letter's link: then only this changes.
  browser.addEventListener('hashchange', begin)
  begin()
}

export function runInvitation(browser: Browser): void {
  const part = (id: string) => browser.document.getElementById(id) as Part
  let token = ''
  let hasAccount = false
  /** Says who invites whom, and asks for what they need. */
  const look = async () => {
    const looked = token
    const answer = await ask(browser, '/auth/invitations/show', { token })
    // Another link was opened meanwhile.
    if (looked !== token) return
    if (answer.status !== 200) {
      part('trouble-detail').textContent = saidOf(answer)
      return showOnly(browser, answer.status === 410 || answer.status === 400 ? 'over' : 'trouble')
    }
    hasAccount = answer.body['hasAccount'] === true
    for (const id of ['organization', 'joined']) part(id).textContent = String(answer.body['organization'])
    part('email').value = String(answer.body['email'])
    part('for-somebody-new').hidden = hasAccount
    part('for-somebody-known').hidden = !hasAccount
    part('name-field').hidden = hasAccount
    // A field that is not shown must not keep the form from being sent.
    part('name').disabled = hasAccount
    part('password-hint').hidden = hasAccount
    part('password').autocomplete = hasAccount ? 'current-password' : 'new-password'
    part('password-label').textContent = hasAccount ? 'Your password' : 'A password of your choice'
    part('send').textContent = hasAccount ? 'Sign in and join' : 'Join'
    showOnly(browser, 'form')
  }
  const begin = () => {
    token = takeToken(browser)
    emptyFields(browser)
    showOnly(browser, token === '' ? 'missing' : 'wait')
    return token === '' ? undefined : look()
  }
  const send = async () => {
    const { value: password } = part('password')
    const answer = await ask(browser, '/auth/invitations/accept', {
      ...{ token, password },
      ...(hasAccount ? {} : { name: part('name').value }),
    })
    // Somebody came by this address meanwhile: the form is another one now.
    if (answer.status === 409 && answer.body['code'] === 'email-taken') await look()
    return answer
  }
  onSubmit(browser, send, (answer) => {
    if (answer.status !== 201) return null
    showWarnings(browser, answer)
    return 'done'
  })
  browser.addEventListener('hashchange', begin)
  void begin()
}

const HELPERS = [takeToken, ask, saidOf, showOnly, emptyFields, onSubmit, showWarnings]

const served = (run: (browser: Browser) => void): string =>
  `'use strict'\n;(() => {\n${[...HELPERS, run].map(String).join('\n\n')}\n\n${run.name}(globalThis)\n})()\n`

/** By the file's name, without its ending. */
export const letterScripts: Readonly<Record<string, string>> = {
  invitation: served(runInvitation),
  'password-reset': served(runPasswordReset),
}

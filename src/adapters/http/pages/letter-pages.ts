import { letterScripts } from './letter-script.ts'
import { page, STRICT_POLICY } from './page.ts'

/** A section that the script shows when it is its time. */
const section = (id: string, heading: string, body: string): string =>
  `<section id="${id}" hidden>\n<h1 id="${id}-heading" tabindex="-1">${heading}</h1>\n${body}\n</section>`

/** What both pages have besides their form. `again`: where another link comes from. */
const around = (again: string): string => `<noscript>
<h1>This page needs its script</h1>
<p>Let this server run its own script and open the link of the letter again. The link stays good until then.</p>
</noscript>
${section('wait', 'One moment', '<p role="status">Looking at what the link is for.</p>')}
${section('missing', 'Please open the link again', '<p>This page forgets the link as soon as it has read it. Open it once more, as it stands in your letter.</p>')}
${section('over', 'This link is over', `<p>It was used already, is too old, or a newer one took its place. ${again}</p>`)}
${section('trouble', 'That did not work', '<p id="trouble-detail" role="alert"></p>\n<p>Then open the link of your letter again. It was not used up.</p>')}`

/** The form goes nowhere by itself: what is typed here must get into no address. */
const form = (heading: string, before: string, label: string, complete: string, button: string): string =>
  `<form id="form" method="post" hidden>
<h1 id="form-heading" tabindex="-1">${heading}</h1>
${before}
<label for="password" id="password-label">${label}</label>
<input id="password" name="password" type="password" required minlength="8" maxlength="200" autocomplete="${complete}" aria-describedby="password-hint fault">
<p class="soft" id="password-hint">8 to 200 characters of any kind; pasting is welcome.</p>
<label class="inline"><input id="reveal" type="checkbox"> Show the password</label>
<p class="fault" id="fault" role="alert"></p>
<button id="send" type="submit">${button}</button>
</form>`

const COMMON =
  '<p id="common" class="fault" hidden>This password is one of those that are tried first. Please choose another one soon.</p>'

const answer = (name: 'invitation' | 'password-reset', title: string, body: string) => {
  const script = { path: `/scripts/${name}.js`, text: letterScripts[name] ?? '' }
  return {
    status: 200,
    type: 'text/html',
    body: page(title, body, script),
    headers: { 'Content-Security-Policy': STRICT_POLICY },
  }
}

export const invitationPage = answer(
  'invitation',
  'Invitation',
  `${around('Whoever invited you can make another one.')}
${form(
  'Join <span id="organization"></span>',
  `<p id="for-somebody-new">You are invited to join this organization. Choose a name and a password.</p>
<p id="for-somebody-known" hidden>You are invited to join this organization. There is somebody with your address here already: sign in with the
password that you have. It stays as it is.</p>
<label for="email">Your e-mail address</label>
<input id="email" name="email" type="email" readonly autocomplete="username">
<div id="name-field">
<label for="name">Your name</label>
<input id="name" name="name" required maxlength="120" autocomplete="name">
</div>`,
  'A password of your choice',
  'new-password',
  'Join',
)}
${section(
  'done',
  'Welcome',
  `<p role="status">You are a member of <strong id="joined"></strong> now, and signed in with this browser. You can close this page.</p>
${COMMON}`,
)}`,
)

export const passwordResetPage = answer(
  'password-reset',
  'A new password',
  `${around('Ask for another one where you asked for this.')}
${form('A new password', '<p>Choose one that you use nowhere else. You are signed out everywhere with it.</p>', 'Your new password', 'new-password', 'Change the password')}
${section('done', 'Your password is changed', `<p role="status">Sign in with it from now on. You can close this page.</p>\n${COMMON}`)}`,
)

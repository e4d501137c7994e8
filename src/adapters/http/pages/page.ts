import { createHash } from 'node:crypto'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1b22; --soft: #5c5a67; --paper: #faf9fc; --card: #fff; --line: #e4e1ea; --accent: #6d3bd1; --fault: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #eceaf2; --soft: #a5a1b3; --paper: #131217; --card: #1c1b22; --line: #33313c; --accent: #b79bff; --fault: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 4rem 1.25rem }
h1 { margin: 0 0 .25rem; font-size: 2rem; line-height: 1.2; letter-spacing: -.02em }
h2 { margin: 0 0 .25rem; font-size: 1.05rem }
p { margin: .4rem 0 } .soft { color: var(--soft) }
a { color: var(--accent); text-decoration: none } a:hover { text-decoration: underline }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px }
ul.cards { list-style: none; margin: 2rem 0; padding: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)) }
ul.cards a, article { display: block; padding: 1rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; color: inherit }
ul.cards a:hover { border-color: var(--accent); text-decoration: none } ul.cards strong { color: var(--accent) }
article { margin: .75rem 0 } code { font: .9em ui-monospace, monospace } .status { float: right; color: var(--soft) }
[hidden] { display: none } h1:focus { outline: none }
form { max-width: 26rem; margin: 1.5rem 0 } label { display: block; margin: 1rem 0 .25rem; font-weight: 600 }
label.inline { font-weight: 400; margin: .5rem 0 } input { font: inherit; color: inherit }
input:not([type="checkbox"]) { width: 100%; padding: .55rem .7rem; background: var(--card); border: 1px solid var(--soft); border-radius: 8px }
input[readonly] { background: none; border-style: dashed }
button { margin: 1.25rem 0 0; padding: .6rem 1.2rem; font: inherit; font-weight: 600; color: var(--paper); background: var(--accent); border: 0; border-radius: 8px; cursor: pointer }
button:disabled { opacity: .6; cursor: progress }
input:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.fault { margin: 1rem 0 0; padding: .4rem .8rem; border-left: 4px solid var(--fault) } .fault:empty { display: none }
`

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

type Script = Readonly<{ path: string; text: string }>

/**
 * A small page of our own, readable by day and by night. `body` is HTML; escape what is not. Without any script, or with one that is
 * served from here, and is run as it was when the page was made or not at all.
 */
export const page = (title: string, body: string, script?: Script): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>${script ? `\n<script defer src="${script.path}" integrity="${digest(script.text)}"></script>` : ''}
</head>
<body><main>
${body}
</main></body>
</html>
`

/** For a page into which secrets are typed: its own style, scripts and requests of this server, and no form that goes by itself. */
export const STRICT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src '${digest(STYLE)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "frame-ancestors 'none'",
].join('; ')

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

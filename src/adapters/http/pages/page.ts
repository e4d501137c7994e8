/** A small page of our own, readable by day and by night, without any script. `body` is HTML; escape what is not. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; --ink: #1c1b22; --soft: #5c5a67; --paper: #faf9fc; --card: #fff; --line: #e4e1ea; --accent: #6d3bd1 }
@media (prefers-color-scheme: dark) { :root { --ink: #eceaf2; --soft: #a5a1b3; --paper: #131217; --card: #1c1b22; --line: #33313c; --accent: #b79bff } }
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
</style>
</head>
<body><main>
${body}
</main></body>
</html>
`

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

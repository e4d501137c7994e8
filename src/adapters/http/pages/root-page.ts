import { escapeHtml, page } from './page.ts'

type Card = readonly [href: string, title: string, text: string]

export function rootPage(name: string, version: string, hasDocs: boolean): string {
  const cards: readonly Card[] = [
    ...(hasDocs ? ([['/docs', 'API documentation', 'Every request, to read and to try out.']] as const) : []),
    ['/openapi.yaml', 'OpenAPI file', 'The contract, for tools and clients.'],
    ['/postman-collection.json', 'Postman collection', 'From signing up to the first reply.'],
    ['/problems', 'Error codes', 'What each one means and what to do.'],
  ]
  return page(
    name,
    `<h1>${escapeHtml(name)}</h1>
<p class="soft">Version ${escapeHtml(version)} is up and running.</p>
<p>A support inbox for teams: what customers write becomes tickets, and answers go back the way they came.</p>
<ul class="cards">
${cards.map(([href, title, text]) => `<li><a href="${href}"><strong>${title}</strong><br><span class="soft">${text}</span></a></li>`).join('\n')}
</ul>
<p class="soft">New here? <code>docs/instagram-setup.md</code> leads from an Instagram account to the first reply, and <code>npm run demo</code> shows
it without one.</p>`,
  )
}

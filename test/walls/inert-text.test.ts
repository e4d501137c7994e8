import test, { type ExecutionContext } from 'ava'
import { choicePage, connectedPage, refusedPage } from '../../src/adapters/http/pages/connect-pages.ts'
import { page } from '../../src/adapters/http/pages/page.ts'
import { rootPage } from '../../src/adapters/http/pages/root-page.ts'
import type { ConnectStage } from '../support/connect-stage.ts'
import { ticketOf } from '../support/inbox-client.ts'
import { createPeopleClient } from '../support/people-client.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { openShop, type WebhookShop, webhookStage } from './webhook-shop.ts'

/** What template languages would work out; 49 would stand in its place. */
const MARKS = [
  '{{7*7}}',
  '$' + '{7*7}',
  '<%= 7*7 %>',
  '#{7*7}',
  '{% print 7*7 %}',
  '[[7*7]]',
  '@(7*7)',
  '{{constructor.constructor("return 7*7")()}}',
  '%s %d %j %o %c',
  '$& $1 $` $$',
]
/** What a browser would run, in texts, attributes and links. */
const MARKUP = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '</title><svg/onload=alert(1)>',
  '<img src=x onerror=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '" autofocus onfocus="alert(1)',
  '<a href="javascript:alert(1)">x</a>',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '<form id=location><input name=href>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<ScRiPt >alert(1)</ScRiPt>',
  '<<b onclick=alert(1)//',
  '<!--><script>alert(1)</script-->',
  '![x](javascript:alert(1)) [y](data:text/html,x)',
  '＜script＞alert(1)＜/script＞',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '\\u003cscript\\u003ealert(1)\\u003c/script\\u003e',
  '<base href=//evil.example/>',
  '<style>@import"//evil.example"</style>',
]
const TEXTS = [...MARKS, ...MARKUP]

/** All strings that an answer holds, wherever. */
function stringsIn(body: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof body === 'string') found.add(body)
  else if (typeof body === 'object' && body !== null) for (const value of Object.values(body)) stringsIn(value, found)
  return found
}

onEachProfile((profile) => {
  let stage: ConnectStage
  let shop: WebhookShop

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await webhookStage(profile)
    shop = await openShop(stage)
  })
  test.after.always(() => stage?.close())

  /** Each text is in the answer as it was given, and the answer is nothing that a browser shows. */
  async function holds(t: ExecutionContext, path: string, texts: readonly string[], token = shop.client.accessToken) {
    // As a browser asks, which a page would be given.
    const headers = { authorization: `Bearer ${token}`, accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
    const answer = await fetch(`${stage.url}${path}`, { headers })
    t.is(answer.status, 200, path)
    t.regex(answer.headers.get('content-type') ?? '', /^application\/json(;|$)/, path)
    t.is(answer.headers.get('x-content-type-options'), 'nosniff', path)
    t.regex(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/, path)
    const strings = stringsIn(await answer.json())
    t.deepEqual(
      texts.filter((text) => !strings.has(text)),
      [],
      path,
    )
  }
  const at = (path: string) => `/orgs/${shop.client.orgId}${path}`

  test.serial(
    `S104, S105: ${profile}: what customers and agents write comes back letter for letter, as JSON`,
    async (t) => {
      t.timeout(110_000)
      const who = stage.simulator.customer({ account: shop.account, name: MARKUP[0]!, username: MARKS[0]! })
      for (const text of TEXTS) await stage.simulator.dm(who, text)
      const ticket = await ticketOf(shop.client, who)
      await waitFor(async () => (await shop.client.messages(ticket.id)).length === TEXTS.length, 30_000)
      await holds(t, at(`/tickets/${ticket.id}/messages?limit=100`), TEXTS)
      await holds(t, at(`/tickets/${ticket.id}`), [TEXTS.at(-1)!])
      await waitFor(async () => JSON.stringify(await shop.client.customers()).includes('alert(1)'), 30_000)
      await holds(t, at('/customers'), [MARKUP[0]!, MARKS[0]!])

      for (const text of TEXTS) t.is((await shop.client.reply(ticket.id, text)).body.content, text)
      await waitFor(() => stage.simulator.received(who).length === TEXTS.length, 60_000)
      t.deepEqual(
        stage.simulator.received(who).map(({ text }) => text),
        TEXTS,
      )
    },
  )

  test.serial(`S104, S105: ${profile}: the names that people give to things stay what they are`, async (t) => {
    t.timeout(60_000)
    const { client, channel } = shop
    for (const name of TEXTS) {
      t.is((await client.call<{ name: string }>('PATCH', `/channels/${channel.id}`, { name })).body.name, name)
      await holds(t, at(`/channels/${channel.id}`), [name])
      const made = await client.call('POST', '/api-keys', { name, scopes: ['tickets:read'] })
      t.is(made.status, 201, JSON.stringify(made.body))
    }
    await holds(t, at('/api-keys?limit=100'), TEXTS)

    const people = createPeopleClient(stage.url)
    for (const [orgName, name] of [
      [MARKS[0], MARKUP[0]],
      [MARKUP[2], MARKS[1]],
      [MARKUP[4], MARKUP[6]],
    ] as const) {
      const body = { orgName, name, email: people.newEmail(), password: planted('password') }
      const { body: made } = await people.call('POST', '/auth/signup', { body })
      await holds(t, '/auth/me', [orgName!, name!], made.accessToken)
      await holds(t, `/orgs/${made.orgId}/members`, [name!], made.accessToken)
    }
  })

  test.serial(`S105: ${profile}: a page says what came in its address as text`, async (t) => {
    for (const text of TEXTS) {
      for (const path of [
        `/oauth/instagram/callback?${new URLSearchParams({ error: text, error_description: text, state: text })}`,
        `/problems/${encodeURIComponent(text)}`,
        `/${encodeURIComponent(text)}`,
      ]) {
        const answer = await fetch(stage.url + path, { headers: { accept: 'text/html' } })
        const shown = await answer.text()
        if (/html/.test(answer.headers.get('content-type') ?? '')) t.notRegex(shown, /alert\(1\)[^&]*[<>]|49/, path)
        t.is(answer.headers.get('x-content-type-options'), 'nosniff')
        t.notRegex(answer.headers.get('content-security-policy') ?? '', /script-src[^;]*unsafe/)
      }
    }
  })
})

const pages: Readonly<Record<string, (text: string) => string>> = {
  'the title': (text) => page(text, ''),
  'a name that is connected': (text) => connectedPage(text, true),
  'the accounts to choose from': (text) => choicePage('instagram', text, [{ account: text, name: text }]),
  'a refusal': (text) => refusedPage(text, text, text),
  'the first page': (text) => rootPage(text, text, true),
}

for (const [what, pageOf] of Object.entries(pages)) {
  test(`S104, S105: no text opens or closes anything in a page: ${what}`, (t) => {
    /** What a browser takes for markup: as much as with a plain word. */
    const marks = (html: string) => html.replace(/[^<>"']/g, '')
    const plain = pageOf('plain')
    for (const text of TEXTS) {
      const html = pageOf(text)
      t.is(marks(html), marks(plain), text)
      const read = html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
      t.true(read.includes(text), text)
    }
  })
}

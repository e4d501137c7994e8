import { createHash } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { openLetter } from './support/letter-page.ts'
import { createPeopleClient, type PeopleClient, tokenOf } from './support/people-client.ts'
import { planted } from './support/planted.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { type SmtpServer, startSmtpServer } from './support/smtp-server.ts'

const PAGES = ['/invitation', '/password-reset']

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: PeopleClient
  let smtp: SmtpServer
  test.before(async (t) => {
    t.timeout(120_000)
    smtp = await startSmtpServer()
    stage = await connectStage(profile, { SMTP_URL: smtp.url, SMTP_FROM: 'inbox@inbox.example' })
    client = createPeopleClient(stage.url)
  })
  test.after.always(async () => {
    await stage?.close()
    await smtp?.close()
  })

  const invite = async (by: { orgId: string; token: string }, email: string): Promise<string> => {
    const { status, body } = await client.call('POST', `/orgs/${by.orgId}/invitations`, {
      token: by.token,
      body: { email, role: 'AGENT' },
    })
    if (status !== 201) throw new Error(JSON.stringify(body))
    return body.link
  }
  const resetLink = async (email: string): Promise<string> => {
    await client.call('POST', '/auth/password-reset', { body: { email } })
    const letter = await waitFor(async () => smtp.letterTo(email, 'A new password') ?? null)
    return /https?:\S+/.exec(letter.text)?.[0] ?? ''
  }
  const logIn = async (email: string, password: string) =>
    (await client.call('POST', '/auth/login', { body: { email, password } })).status
  const opened = async (t: ExecutionContext, link: string) => {
    const page = await openLetter(stage.url, link)
    await page.settled()
    t.deepEqual(page.places, [new URL(link).pathname], 'the token is out of the address before anything else')
    return page
  }

  test(`${profile}: the pages behind letters run one script of this server, by its hash, and send no form by themselves`, async (t) => {
    for (const path of PAGES) {
      const answer = await fetch(stage.url + path)
      t.is(answer.status, 200)
      t.is(answer.headers.get('content-type'), 'text/html; charset=utf-8')
      t.is(answer.headers.get('cache-control'), 'private, no-store')
      t.is(answer.headers.get('referrer-policy'), 'no-referrer')
      t.is(answer.headers.get('set-cookie'), null)
      const html = await answer.text()
      const policy = new Map(
        (answer.headers.get('content-security-policy') ?? '').split('; ').map((rule): [string, string] => {
          const at = rule.indexOf(' ')
          return [rule.slice(0, at), rule.slice(at + 1)]
        }),
      )
      const sha = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
      const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
      t.deepEqual(Object.fromEntries(policy), {
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': `'${sha(style)}'`,
        'connect-src': "'self'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'require-trusted-types-for': "'script'",
        'frame-ancestors': "'none'",
      })
      const tags = [...html.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)
      t.is(tags.length, 1)
      const [, src = '', integrity] = /src="([^"]+)" integrity="([^"]+)"/.exec(tags[0] ?? '') ?? []
      const script = await fetch(stage.url + src)
      t.is(script.headers.get('content-type'), 'text/javascript; charset=utf-8')
      t.is(script.headers.get('cache-control'), 'private, no-store')
      const text = await script.text()
      t.is(integrity, sha(text))
      t.notRegex(html + text, /https?:\/\/|innerHTML|localStorage|sessionStorage|console\.| on\w+="| style="/)
    }
    t.is((await fetch(`${stage.url}/scripts/other.js`)).status, 404)
    t.is((await fetch(`${stage.url}/scripts/constructor.js`)).status, 404)
  })

  test(`${profile}: letters, trackers and whoever passes a link on may append to its address: the page is the same, and the token goes all the same`, async (t) => {
    const appended = '?fbclid=IwAR0&utm_source=a&utm_source=b&__proto__=x&x=%zz&'
    for (const path of PAGES) {
      const [plain, more] = [await fetch(stage.url + path), await fetch(stage.url + path + appended)]
      t.is(more.status, 200, path)
      t.is(await more.text(), await plain.text())
    }
    const owner = await client.signUp()
    const link = (await invite(owner, client.newEmail())).replace('#', `${appended}#`)
    t.deepEqual((await opened(t, link)).shown(), ['form'])
    t.false(stage.log.text.includes('fbclid'))
  })

  test(`${profile}: every part of the pages can be found by whoever hears them`, async (t) => {
    for (const path of PAGES) {
      const html = await (await fetch(stage.url + path)).text()
      t.regex(html, /^<!doctype html>\n<html lang="en">/)
      t.regex(html, /<noscript>\n<h1>/)
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
      t.is(new Set(ids).size, ids.length, 'no id is there twice')
      const labelled = new Set([...html.matchAll(/<label[^>]* for="([^"]+)"/g)].map(([, id]) => id))
      for (const [tag, id] of html.matchAll(/<input id="([^"]+)"[^>]*>/g))
        t.true(labelled.has(id) || /type="checkbox"/.test(tag), `${id} has a label`)
      for (const [, names = ''] of html.matchAll(/aria-describedby="([^"]+)"/g))
        for (const name of names.split(' ')) t.true(ids.includes(name), name)
      const password = /<input id="password"[^>]*>/.exec(html)?.[0] ?? ''
      t.regex(password, / type="password"/)
      t.regex(password, / autocomplete="new-password"/)
      t.notRegex(html, /onpaste|autocomplete="off"/)
      t.regex(html, /<p class="fault" id="fault" role="alert">/)
    }
  })

  test(`${profile}: somebody new sees who invites them, chooses a password, and is a member who is signed in`, async (t) => {
    const owner = await client.signUp()
    const email = client.newEmail()
    const link = await invite(owner, email)
    const page = await opened(t, link)
    t.deepEqual(page.shown(), ['form'])
    t.is(page.focused(), 'form-heading')
    t.is(page.part('organization').textContent, 'Shop')
    t.is(page.part('email').value, email)
    t.deepEqual(
      ['for-somebody-new', 'for-somebody-known', 'name-field'].map((id) => page.part(id).hidden),
      [false, true, false],
    )
    t.is(page.part('password').type, 'password')
    page.part('reveal').checked = true
    page.fire('reveal change')
    t.is(page.part('password').type, 'text')

    const password = planted('password')
    await page.submit({ name: 'Ann Agent', password })
    t.deepEqual(page.shown(), ['done'])
    t.is(page.focused(), 'done-heading')
    t.is(page.part('joined').textContent, 'Shop')
    t.true(page.part('common').hidden)
    t.is(page.part('password').value, '', 'what was typed does not stay')
    t.is(await logIn(email, password), 200)

    t.deepEqual(
      page.sent.map(({ path }) => path),
      ['/auth/invitations/show', '/auth/invitations/accept'],
    )
    for (const { path, init } of page.sent) {
      t.is(init.method, 'POST')
      t.is(init.referrerPolicy, 'no-referrer')
      t.is(init.redirect, 'error')
      t.is(JSON.parse(String(init.body)).token, tokenOf(link))
      t.false((path + JSON.stringify(init.headers)).includes(tokenOf(link)), 'in a body and nowhere else')
    }

    const again = await opened(t, link)
    t.deepEqual(again.shown(), ['over'])
    t.is(again.focused(), 'over-heading')
    t.false(stage.log.text.includes(tokenOf(link)))
  })

  test(`${profile}: somebody who is there signs in with the password they have, and a wrong one is told`, async (t) => {
    const [owner, ann] = [await client.signUp(), await client.signUp()]
    const page = await opened(t, await invite(owner, ann.email))
    t.deepEqual(
      ['for-somebody-new', 'for-somebody-known', 'name-field'].map((id) => page.part(id).hidden),
      [true, false, true],
    )
    t.true(page.part('name').disabled, 'a required field that is not shown would keep the form')
    t.is(page.part('password').autocomplete, 'current-password')
    await page.submit({ password: 'not the password of ann' })
    t.deepEqual(page.shown(), ['form'])
    t.regex(page.part('fault').textContent ?? '', /not the password/)
    t.is(page.focused(), 'password')
    t.false(page.part('send').disabled)
    await page.submit({ password: ann.password })
    t.deepEqual(page.shown(), ['done'])
    t.is(page.part('fault').textContent, '')
    t.is(await logIn(ann.email, ann.password), 200)
  })

  test(`${profile}: a link that is cut, made up or taken back is over, and a page without one asks to open it again`, async (t) => {
    const owner = await client.signUp()
    const link = await invite(owner, client.newEmail())
    for (const wrong of [
      link.slice(0, -1),
      `${stage.url}/invitation#%3Cscript%3E`,
      `${stage.url}/invitation#${'x'.repeat(5_000)}`,
    ])
      t.deepEqual((await opened(t, wrong)).shown(), ['over'], wrong.slice(0, 100))
    for (const path of PAGES) {
      const page = await openLetter(stage.url, stage.url + path)
      t.deepEqual(page.shown(), ['missing'])
      t.deepEqual(page.sent, [])
    }
    const page = await opened(t, link)
    await client.call('POST', `/orgs/${owner.orgId}/invitations`, {
      token: owner.token,
      body: { email: page.part('email').value, role: 'VIEWER' },
    })
    await page.submit({ name: 'Ann', password: planted('password') })
    t.deepEqual(page.shown(), ['over'], 'another one was made meanwhile')
  })

  test(`${profile}: a new password is chosen by the link of a letter, once, and what is too short is told`, async (t) => {
    const { email, password } = await client.signUp()
    const link = await resetLink(email)
    const page = await opened(t, link)
    t.deepEqual(page.shown(), ['form'])
    await page.submit({ password: 'short' })
    t.regex(page.part('fault').textContent ?? '', /8 to 200 characters/)
    const chosen = planted('password')
    await page.submit({ password: chosen })
    t.deepEqual(page.shown(), ['done'])
    t.true(page.part('common').hidden)
    t.deepEqual([await logIn(email, password), await logIn(email, chosen)], [401, 200])

    const again = await opened(t, link)
    await again.submit({ password: planted('password') })
    t.deepEqual(again.shown(), ['over'])
    t.is(await logIn(email, chosen), 200)
  })

  test(`${profile}: a common password is named on both pages, once it is taken`, async (t) => {
    const { email } = await client.signUp()
    const reset = await opened(t, await resetLink(email))
    await reset.submit({ password: 'password123' })
    const owner = await client.signUp()
    const invitation = await opened(t, await invite(owner, client.newEmail()))
    await invitation.submit({ name: 'Ann', password: 'password123' })
    for (const page of [reset, invitation]) {
      t.deepEqual(page.shown(), ['done'])
      t.false(page.part('common').hidden)
    }
  })

  test(`${profile}: the same tab goes to another letter's link, and keeps nothing of the one before`, async (t) => {
    const owner = await client.signUp()
    const emails = [client.newEmail(), client.newEmail()]
    const [first, second] = [await invite(owner, emails[0]!), await invite(owner, emails[1]!)]
    const page = await opened(t, first)
    page.part('password').value = 'typed for the first'
    await page.goTo(second)
    t.is(page.part('email').value, emails[1]!)
    t.is(page.part('password').value, '')
    await page.submit({ name: 'Ann', password: planted('password') })
    t.is(JSON.parse(String(page.sent.at(-1)?.init.body)).token, tokenOf(second))
    t.deepEqual((await opened(t, first)).shown(), ['form'], 'the other one is still good')
  })
})

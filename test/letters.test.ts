import test, { type ExecutionContext } from 'ava'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { createPeopleClient, type PeopleClient, tokenOf } from './support/people-client.ts'
import { planted } from './support/planted.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { type SmtpServer, startSmtpServer } from './support/smtp-server.ts'
import { onServer } from './support/template.ts'

const PUBLIC_URL = 'https://inbox.example'
const RESET = 'A new password'

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: PeopleClient
  let smtp: SmtpServer
  test.before(async (t) => {
    t.timeout(120_000)
    smtp = await startSmtpServer()
    stage = await connectStage(profile, { PUBLIC_URL, SMTP_URL: smtp.url, SMTP_FROM: 'inbox@inbox.example' })
    client = createPeopleClient(stage.url)
  })
  test.after.always(async () => {
    await stage?.close()
    await smtp?.close()
  })

  const rows = <T>(text: string, params: unknown[] = []) =>
    onServer(stage.db.admin, async (server) => (await server.query(text, params)).rows as T[])
  const ask = (email: string) => client.call('POST', '/auth/password-reset', { body: { email } })
  const confirm = (token: unknown, password: string = planted('password')) =>
    client.call('POST', '/auth/password-reset/confirm', { body: { token, password } })
  const linkIn = ({ text }: { text: string }) => /https?:\S+/.exec(text)?.[0] ?? ''
  const resetToken = async (email: string) => {
    await waitFor(async () => smtp.letterTo(email, RESET) !== undefined)
    return tokenOf(linkIn(smtp.letterTo(email, RESET)!))
  }
  const logIn = (email: string, password: string) => client.call('POST', '/auth/login', { body: { email, password } })
  const gone = (t: ExecutionContext, answer: { status: number; body: unknown }, message?: string) =>
    t.like(answer, { status: 410, body: { code: 'link-not-valid' } }, message)
  const invite = (by: { orgId: string; token: string }, email: string) =>
    client.call('POST', `/orgs/${by.orgId}/invitations`, { token: by.token, body: { email, role: 'AGENT' } })
  const letterState = async (by: { orgId: string; token: string }, id: string) => {
    const { body } = await client.call('GET', `/orgs/${by.orgId}/invitations`, { token: by.token })
    return body.data.find((one: { id: string }) => one.id === id)?.letter as string | undefined
  }

  test.serial(
    `S73, S102: ${profile}: an invitation goes out by letter, with the configured address and one header for a name`,
    async (t) => {
      const email = client.newEmail()
      const password = planted('password')
      const orgName = 'Shop\r\nBcc: everybody@example.com\r\n\r\nBuy this'
      const { body } = await client.call('POST', '/auth/signup', {
        body: { orgName, name: 'Sam', email: client.newEmail(), password },
      })
      const owner = { orgId: body.orgId, token: body.accessToken }
      const made = await client.callAs(
        { host: 'evil.example', 'x-forwarded-host': 'evil.example', authorization: `Bearer ${owner.token}` },
        `/orgs/${owner.orgId}/invitations`,
        { email, role: 'AGENT' },
      )
      t.is(made.status, 201)
      // The letter goes its own way: it may be there before the answer.
      t.true(['SENDING', 'SENT'].includes(made.body.letter), made.body.letter)
      await waitFor(async () => (await letterState(owner, made.body.id)) === 'SENT')
      const letter = smtp.letterTo(email)!
      t.is(letter.from, 'inbox@inbox.example')
      t.is(letter.headers.get('to'), email)
      t.is(letter.headers.get('subject'), 'Invitation to Shop Bcc: everybody@example.com Buy this')
      t.false(letter.headers.has('bcc'))
      t.is(linkIn(letter), made.body.link)
      t.true(made.body.link.startsWith(`${PUBLIC_URL}/invitation#`))
      const accepted = await client.call('POST', '/auth/invitations/accept', {
        body: { token: tokenOf(linkIn(letter)), name: 'Ann', password: planted('password') },
      })
      t.is(accepted.status, 201)
    },
  )

  test.serial(`S102: ${profile}: no kind of line end in a name makes a header or a letter of its own`, async (t) => {
    const letters = smtp.letters.length
    const ends = ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\r\n.\r\nRSET\r\n']
    const headers = new Set<string>()
    for (const end of ends) {
      const { body } = await client.call('POST', '/auth/signup', {
        body: {
          orgName: `Zelt é${end}Bcc: everybody@example.com${end}${end}Buy this`,
          name: `Sam${end}Reply-To: x@example.com`,
          email: client.newEmail(),
          password: planted('password'),
        },
      })
      const email = client.newEmail()
      t.is((await invite({ orgId: body.orgId, token: body.accessToken }, email)).status, 201, JSON.stringify(end))
      const letter = await waitFor(async () => smtp.letterTo(email))
      for (const name of letter.headers.keys()) headers.add(name)
      t.is(letter.from, 'inbox@inbox.example')
      t.regex(letter.headers.get('subject') ?? '', /^[\x20-\x7e]+$/)
    }
    t.is(smtp.letters.length, letters + ends.length)
    t.deepEqual([...headers].sort(), [
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
    ])
  })

  test.serial(
    `${profile}: a server of letters that refuses, is silent or away fails no invitation, and the list says so`,
    async (t) => {
      t.timeout(90_000)
      const owner = await client.signUp()
      for (const [mood, within] of [
        ['refusing', 5_000],
        ['busy', 20_000],
      ] as const) {
        smtp.state.mood = mood
        const startedAt = performance.now()
        const { status, body } = await invite(owner, client.newEmail())
        t.is(status, 201, mood)
        t.true(performance.now() - startedAt < 5_000, mood)
        await waitFor(async () => (await letterState(owner, body.id)) === 'FAILED', within)
        t.is((await client.call('POST', '/auth/invitations/show', { body: { token: tokenOf(body.link) } })).status, 200)
        smtp.state.mood = 'taking'
        const again = await client.call('POST', `/orgs/${owner.orgId}/invitations/${body.id}/link`, {
          token: owner.token,
        })
        await waitFor(async () => (await letterState(owner, body.id)) === 'SENT')
        t.is(linkIn(smtp.letterTo(body.email)!), again.body.link)
      }
      smtp.state.mood = 'silent'
      const { status, body } = await invite(owner, client.newEmail())
      t.is(status, 201)
      await rows(`update invitations set made_at = now() - interval '3 minutes' where id = $1`, [body.id])
      t.is(await letterState(owner, body.id), 'FAILED', 'whoever was to send it may be gone')
      smtp.state.mood = 'taking'
      t.true(stage.log.text.includes('a letter was not sent'))
      t.false(stage.log.text.includes(tokenOf(body.link)))
    },
  )

  test.serial(
    `S54: ${profile}: asking for a new password answers the same for an address that nobody has, and one letter goes out`,
    async (t) => {
      const known = await client.signUp()
      const unknown = client.newEmail()
      t.deepEqual(await ask(known.email), { status: 202, body: { accepted: true } })
      t.deepEqual(await ask(unknown), { status: 202, body: { accepted: true } })
      await resetToken(known.email)
      t.deepEqual(await ask(known.email.toUpperCase()), { status: 202, body: { accepted: true } })
      await ask(unknown)
      const other = await client.signUp()
      await ask(other.email)
      await resetToken(other.email)
      t.is(smtp.letters.filter(({ to }) => to === known.email).length, 1, 'within a minute there is one')
      t.is(smtp.letterTo(unknown), undefined)
      for (const email of [known.email, unknown]) {
        let status = 202
        for (let count = 0; count < 5 && status === 202; count++) status = (await ask(email)).status
        t.is(status, 429, 'five in ten minutes, whoever it is')
      }
    },
  )

  test.serial(`S54: ${profile}: where the server of letters is away the answer is the same, and as fast`, async (t) => {
    const known = await client.signUp()
    smtp.state.mood = 'silent'
    const startedAt = performance.now()
    t.is((await ask(known.email)).status, 202)
    t.true(performance.now() - startedAt < 3_000)
    smtp.state.mood = 'taking'
  })

  test.serial(
    `S63: ${profile}: a new password by letter ends every session, and the old password opens nothing`,
    async (t) => {
      const { email, password, token } = await client.signUp()
      const other = (await logIn(email, password)).body.accessToken as string
      await ask(email)
      const link = await resetToken(email)
      const chosen = planted('password')
      t.deepEqual(await confirm(link, chosen), { status: 200, body: { warnings: [] } })
      for (const dead of [token, other]) t.is((await client.call('GET', '/auth/me', { token: dead })).status, 401)
      t.is((await logIn(email, password)).status, 401)
      t.is((await logIn(email, chosen)).status, 200)
      await waitFor(async () => smtp.letterTo(email, 'was changed') !== undefined)
      const audited = await rows<{ action: string }>(
        `select action from audit_log where resource_type = 'person' order by at desc limit 1`,
      )
      t.deepEqual(audited, [{ action: 'password.reset' }])
    },
  )

  test.serial(`S66: ${profile}: a common password is named to whoever chooses it by a letter`, async (t) => {
    const { email } = await client.signUp()
    await ask(email)
    t.deepEqual(await confirm(await resetToken(email), 'password123'), {
      status: 200,
      body: { warnings: ['weak-password'] },
    })
  })

  test.serial(
    `S69, S70: ${profile}: a link for a new password serves once, for half an hour, until a newer one, and is kept as a hash`,
    async (t) => {
      const [ann, ben] = [await client.signUp(), await client.signUp()]
      await ask(ann.email)
      const first = await resetToken(ann.email)
      const dump = JSON.stringify(await rows('select * from password_resets'))
      t.false(dump.includes(first))
      const [kept] = await rows<{ minutes: number }>(
        `select extract(epoch from expires_at - made_at)::int / 60 as minutes from password_resets r
       join users u on u.id = r.user_id where u.email = $1`,
        [ann.email],
      )
      t.is(kept?.minutes, 30)
      const wrong = ['', ' ', 'null', first.slice(0, -1), `${first}A`, first.toLowerCase(), first.toUpperCase(), '%']
      for (const token of wrong.filter((one) => one !== first)) gone(t, await confirm(token), token)
      for (const token of [null, 7, [first], { $ne: '' }]) t.is((await confirm(token)).status, 400)

      await rows(`update password_resets set made_at = now() - interval '2 minutes'`)
      smtp.letters.length = 0
      await ask(ann.email)
      const second = await resetToken(ann.email)
      t.not(second, first)
      gone(t, await confirm(first), 'an older one')
      const chosen = planted('password')
      const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(second, chosen)))
      t.is(answers.filter(({ status }) => status === 200).length, 1)
      gone(t, await confirm(second), 'used')
      t.is((await logIn(ann.email, chosen)).status, 200)

      await ask(ben.email)
      const late = await resetToken(ben.email)
      await rows(`update password_resets set expires_at = now() - interval '1 second'`)
      gone(t, await confirm(late), 'too old')
      t.is((await logIn(ben.email, ben.password)).status, 200, 'nothing changed')
    },
  )

  test.serial(
    `S74: ${profile}: whose address somebody else signed up with comes in by letter, and shuts the other out`,
    async (t) => {
      const owner = await client.signUp()
      const mallory = await client.signUp()
      const invitation = await invite(owner, mallory.email)
      await waitFor(async () => smtp.letterTo(mallory.email, 'Invitation') !== undefined)
      await ask(mallory.email)
      const chosen = planted('password')
      t.is((await confirm(await resetToken(mallory.email), chosen)).status, 200)
      t.is((await client.call('GET', '/auth/me', { token: mallory.token })).status, 401)
      t.is((await logIn(mallory.email, mallory.password)).status, 401)
      const accepted = await client.call('POST', '/auth/invitations/accept', {
        body: { token: tokenOf(invitation.body.link), password: chosen },
      })
      t.is(accepted.status, 201)
      t.is((await client.call('GET', `/orgs/${owner.orgId}/members`, { token: mallory.token })).status, 401)
    },
  )
})

test('without a server of letters nobody is promised one, whoever asks', async (t) => {
  const stage = await connectStage('embedded')
  t.teardown(() => stage.close())
  const client = createPeopleClient(stage.url)
  const owner = await client.signUp()
  for (const email of [owner.email, client.newEmail()]) {
    const answer = await client.call('POST', '/auth/password-reset', { body: { email } })
    t.like(answer, { status: 409, body: { code: 'letters-not-configured' } })
  }
  const made = await client.call('POST', `/orgs/${owner.orgId}/invitations`, {
    token: owner.token,
    body: { email: client.newEmail(), role: 'AGENT' },
  })
  t.like(made, { status: 201, body: { letter: 'NONE' } })
})

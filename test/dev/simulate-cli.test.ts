import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { main } from '../../dev/instagram-simulator/cli.ts'
import { COMMANDS } from '../../dev/instagram-simulator/cli-arguments.ts'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { KINDS } from '../../dev/instagram-simulator/kinds.ts'
import { startReceiver } from './webhook-receiver.ts'

/** An empty folder in the demo's place, so that a demo which runs here by chance is not found. */
async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulate-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

async function simulate(args: readonly string[], environment: Record<string, string> = {}) {
  const lines: string[] = []
  const complaints: string[] = []
  const terminal = {
    environment,
    print: (line: string) => lines.push(line),
    complain: (line: string) => complaints.push(line),
  }
  return { code: await main(args, terminal), lines, complaints }
}

async function setUp(t: ExecutionContext, status = 200) {
  const receiver = await startReceiver(() => ({ status, text: status === 200 ? 'EVENT_RECEIVED' : 'no' }))
  t.teardown(receiver.close)
  const channel = ['--url', receiver.url, '--secret', 's3cret', '--account', '17841400000000101']
  return { receiver, channel }
}

test('a direct message goes signed to the channel that is named', async (t) => {
  const { receiver, channel } = await setUp(t)
  const { code, lines } = await simulate(['dm', 'hello', 'wörld', ...channel, '--from', 'ben.ode'])
  t.is(code, 0)
  t.is(lines[0], 'dm from ben.ode: 200 EVENT_RECEIVED')
  const { body, headers } = receiver.only()
  t.is(headers['x-hub-signature-256'], `sha256=${createHmac('sha256', 's3cret').update(body).digest('hex')}`)
  const [entry] = JSON.parse(body.toString()).entry
  t.is(entry.id, '17841400000000101')
  t.is(entry.messaging[0].message.text, 'hello wörld')
  t.is(lines[1], `mid ${entry.messaging[0].message.mid}`)
})

test('the same name is the same person in every call, on an account', async (t) => {
  const { receiver, channel } = await setUp(t)
  await simulate(['dm', 'one', ...channel, '--from', 'ben.ode'])
  await simulate(['story-reply', 'two', ...channel, '--from', 'Ben.Ode'])
  await simulate(['dm', 'three', ...channel, '--from', 'mia'])
  const [ben, again, mia] = receiver.received.map(
    ({ body }) => JSON.parse(body.toString()).entry[0].messaging[0].sender.id,
  )
  t.is(ben, again)
  t.not(ben, mia)
})

test('variables name the channel too, and arguments win over them', async (t) => {
  const { receiver } = await setUp(t)
  const environment = { SIMULATE_URL: 'http://127.0.0.1:1/', SIMULATE_SECRET: 's', SIMULATE_ACCOUNT: '1' }
  t.is((await simulate(['image', '--url', receiver.url], environment)).code, 0)
  t.is(JSON.parse(receiver.only().body.toString()).entry[0].id, '1')
})

for (const [args, expected] of [
  [['comment', 'How much?', '--flat'], { field: 'comments' }],
  [['edit', 'aWdf1', 'new', 'text'], { messaging: [{ message_edit: { mid: 'aWdf1', text: 'new text' } }] }],
  [['unsend', 'aWdf1'], { messaging: [{ message: { mid: 'aWdf1', is_deleted: true } }] }],
  [['postback', 'Hours', '--payload', 'HOURS'], { messaging: [{ postback: { title: 'Hours', payload: 'HOURS' } }] }],
  [['dashboard-test', 'comments'], { id: '0', changes: [{ field: 'comments' }] }],
  [
    ['react', 'aWdf1', '--emoji', '🧿'],
    { messaging: [{ reaction: { mid: 'aWdf1', reaction: 'other', emoji: '🧿' } }] },
  ],
  [
    ['dm', 'hi', '--ad-id', '12', '--standby'],
    { standby: [{ message: { referral: { ad_id: '12', source: 'ADS' } } }] },
  ],
  [['share', '--type', 'ig_reel'], { messaging: [{ message: { attachments: [{ type: 'ig_reel' }] } }] }],
  [['pass-thread', '--to', '222'], { messaging: [{ pass_thread_control: { new_owner_app_id: '222' } }] }],
  [['live-comment', 'Me!'], { changes: [{ field: 'live_comments', value: { text: 'Me!' } }] }],
  [['typed-on-phone', 'Yes'], { messaging: [{ message: { text: 'Yes', is_echo: true } }] }],
] as const) {
  test(`simulate ${args.join(' ')}`, async (t) => {
    const { receiver, channel } = await setUp(t)
    t.is((await simulate([...args, ...channel])).code, 0)
    t.like(JSON.parse(receiver.only().body.toString()).entry[0], expected as object)
  })
}

test('raw text goes out untouched', async (t) => {
  const { receiver, channel } = await setUp(t)
  t.is((await simulate(['raw', '{"a": 1', ...channel])).code, 0)
  t.is(receiver.only().body.toString(), '{"a": 1')
})

test('by default it goes to the running demo, which also shows phones', async (t) => {
  const { receiver } = await setUp(t)
  const folder = await emptyFolder(t)
  const simulator = await createInstagramSimulator()
  t.teardown(simulator.close)
  simulator.account({ webhookUrl: receiver.url })
  await writeFile(join(folder, 'simulator.json'), JSON.stringify({ control: `${simulator.url}/_simulator` }))
  const sent = await simulate(['dm', 'hello', '--demo', folder])
  t.deepEqual([sent.code, sent.lines[0]], [0, 'dm from sam.sample: 200 EVENT_RECEIVED'])
  const phone = await simulate(['phone', '--demo', folder])
  t.regex(phone.lines.join(), /^\d\d:\d\d:\d\d {2}Sam Sample {6}hello$/)
  const nobody = await simulate(['phone', '--from', 'x', '--demo', folder])
  t.deepEqual([nobody.code, nobody.complaints], [1, ['There is no customer x']])
})

test('a phone shows what the business did besides writing, each below what it is about', async (t) => {
  const { receiver } = await setUp(t)
  const folder = await emptyFolder(t)
  const simulator = await createInstagramSimulator()
  t.teardown(simulator.close)
  const shop = simulator.account({ webhookUrl: receiver.url, name: 'Acme' })
  await writeFile(join(folder, 'simulator.json'), JSON.stringify({ control: `${simulator.url}/_simulator` }))
  const mia = simulator.customer({ username: 'mia', name: 'Mia' })
  const first = await simulator.dm(mia, 'one')
  await simulator.dm(mia, 'two')
  const comment = await simulator.comment(mia, 'How much?')
  const graph = async (node: string, body: object) => {
    const headers = { Authorization: `Bearer ${shop.accessToken}`, 'Content-Type': 'application/json' }
    const response = await fetch(`${simulator.url}/v26.0/${node}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    t.is(response.status, 200)
  }
  const recipient = { id: mia.id }
  const send = (body: object) => graph(`${shop.id}/messages`, { recipient, ...body })
  await send({ sender_action: 'mark_seen' })
  await send({ sender_action: 'react', payload: { message_id: first.mid, reaction: 'love' } })
  await graph(`${comment.mid}/replies`, { message: 'Nine.' })
  await send({ recipient: { comment_id: comment.mid }, message: { text: 'Shall I keep one?' } })
  await send({ sender_action: 'typing_on' })
  const { lines } = await simulate(['phone', '--from', 'mia', '--demo', folder])
  t.deepEqual(
    lines.map((line) => line.replace(/^\d\d:\d\d:\d\d/, '--------')),
    [
      '--------  Mia   one',
      '          Acme  ❤️',
      '--------  Mia   two',
      '          Acme  seen',
      '--------  Mia   (comment) How much?',
      '--------  Acme  (public reply) Nine.',
      '--------  Acme  (privately) Shall I keep one?',
      '          Acme  is typing …',
    ],
  )
})

test('faults are switched on and off in the running demo, its tokens revoked and its ledger read', async (t) => {
  const { receiver } = await setUp(t)
  const folder = await emptyFolder(t)
  const simulator = await createInstagramSimulator()
  t.teardown(simulator.close)
  const account = simulator.account({ webhookUrl: receiver.url })
  await writeFile(join(folder, 'simulator.json'), JSON.stringify({ control: `${simulator.url}/_simulator` }))
  const demo = (...args: string[]) => simulate([...args, '--demo', folder])
  const me = () => fetch(`${simulator.url}/me`, { headers: { Authorization: `Bearer ${account.accessToken}` } })
  const refusal = ['fault', 'refusal', '--on', 'account', '--times', '2', '--set', 'code=2', '--set', 'httpStatus=503']
  t.deepEqual((await demo(...refusal)).lines, ['refusal waits (1 in all)'])
  t.is((await me()).status, 503)
  t.regex((await demo('faults')).lines.join(), /"code":2,"httpStatus":503,"on":"account","account":null,"times":1/)
  await demo('no-faults')
  t.is((await me()).status, 200)
  await demo('revoke')
  t.is((await me()).status, 400)
  t.is(JSON.parse((await demo('ledger')).lines.join('')).calls.length, 3)
  const wrong = await demo('fault', 'nonsense')
  t.is(wrong.code, 1)
  t.regex(wrong.complaints.join(), /^No fault "nonsense"; there are refusal/)
})

test('a demo that has ended is not waited for', async (t) => {
  const folder = await emptyFolder(t)
  await writeFile(join(folder, 'simulator.json'), '{"control":"http://127.0.0.1:1/_simulator"}')
  const { code, complaints } = await simulate(['dm', 'hello', '--demo', folder])
  t.is(code, 1)
  t.regex(complaints.join(), /^No demo is running\. .+--url, --secret and --account\.$/)
})

test('what was not taken ends with 1 and says why', async (t) => {
  const { channel } = await setUp(t, 401)
  const refused = await simulate(['dm', 'hello', ...channel])
  t.is(refused.code, 1)
  t.regex(refused.complaints.join(), /401, the signature is wrong; is --secret the appSecret/)
  const nobody = await simulate(['dm', 'x', '--url', 'http://127.0.0.1:1/', '--secret', 's', '--account', '1'])
  t.is(nobody.code, 1)
  t.regex(nobody.complaints.join(), /nothing listens there$/)
})

for (const [args, complaint] of [
  [[], /^Name what is to be sent/],
  [['dance'], /^There is no kind "dance" \(npm run simulate -- --help shows what there is\)$/],
  [['dm'], /^dm needs a text/],
  [['edit', 'aWdf1'], /^edit needs the new text/],
  [['optin', 'x'], /^optin takes no text/],
  [['react'], /^react needs the id of a message/],
  [['fault'], /^fault needs a kind of fault/],
  [['burst', 'x', '--count', 'many'], /^--count is a whole number/],
  [['dm', 'x', '--ulr', 'y'], /^Unknown option '--ulr'/],
  [['dm', 'x', '--url', 'http://x'], /^To name a channel give --secret and --account too/],
  [['dm', 'x', '--url', 'x', '--secret', 's', '--account', '1'], /^--url has to be an address/],
] as const) {
  test(`typed wrong: simulate ${args.join(' ')}`, async (t) => {
    const { code, complaints } = await simulate(args)
    t.is(code, 2)
    t.is(complaints.length, 1)
    t.regex(complaints[0] ?? '', complaint)
    t.false(complaints[0]?.includes('\n'))
  })
}

test('--help shows every kind', async (t) => {
  const { code, lines } = await simulate(['--help'])
  t.is(code, 0)
  const listed = lines
    .join('\n')
    .split('\n')
    .map((line) => /^ {2}([\w-]+)/.exec(line)?.[1])
  for (const kind of [...Object.keys(KINDS), ...COMMANDS.filter((name) => name !== 'no-faults')])
    t.true(listed.includes(kind), kind)
})

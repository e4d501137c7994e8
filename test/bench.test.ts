import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { runBench } from '../bench/bench.ts'
import { startChild } from '../bench/child.ts'
import { isReached, type Measure, type Row, ratioOf, spreadOf } from '../bench/figures.ts'
import type { SendingOrder, SendingResult } from '../bench/flood/sender.ts'
import { createTranscript } from '../bench/ingest/transcript.ts'
import { type RowName, readOptions, rowNames, WrongOption } from '../bench/options.ts'
import { atSteadyPace } from '../bench/steady-pace.ts'
import { tableOf } from '../bench/table.ts'

const aMeasure = (measure: Partial<Measure> = {}): Measure => ({
  what: 'throughput',
  unit: 'events/s',
  ours: [3000, 2000, 2500],
  floor: [1000, 900, 1100],
  target: 2.5,
  ...measure,
})

const reportOf = async (rows: readonly RowName[], said: string[] = []) => {
  const options = { rows, rounds: 1, seconds: 1, events: 40, backlog: 40 }
  const report = await runBench(options, {}, (line) => said.push(line))
  return { ...report, measures: report.rows.flatMap(({ measures }) => measures) }
}

const shapeOf = (rows: readonly Row[]) =>
  rows.map(({ name, measures }) => [name, measures.map(({ what, target, most }) => [what, target ?? most ?? null])])

test.serial('every row with a floor runs on the embedded servers and ends in one table', async (t) => {
  t.timeout(600_000)
  const said: string[] = []
  const { rows, measures, setting } = await reportOf(['ack', 'ingest', 'parse'], said)
  t.deepEqual(shapeOf(rows), [
    [
      'webhook acknowledgement',
      [
        ['throughput', 1.5],
        ['p50', null],
        ['p99', null],
      ],
    ],
    ['webhook to visible row', [['throughput', 2.5]]],
    ['verify and parse, one core', [['throughput', null]]],
  ])
  for (const { ours, floor } of measures) {
    t.true([...ours, ...(floor ?? [])].every((value) => value > 0))
    t.deepEqual([ours.length, floor?.length], [1, 1])
  }
  t.regex(setting, /^PostgreSQL 18\.\d+, embedded; queue: database; sessions: database; Node 24\./)
  t.is(tableOf(rows).split('\n').length, 7)
  t.is(said.length, 7)
})

test.serial('every row with a limit of its own runs on them too', async (t) => {
  t.timeout(600_000)
  const { rows, measures } = await reportOf(['reply', 'start', 'memory', 'backlog', 'neighbours', 'flood'])
  t.deepEqual(shapeOf(rows), [
    [
      'reply to Graph call',
      [
        ['p50', null],
        ['p99', 500],
      ],
    ],
    [
      'start to ready, embedded',
      [
        ['first time', 10],
        ['later', 3],
      ],
    ],
    [
      'memory after a collection',
      ['in use', 'resident'].flatMap((kind) => [
        ...['0 events', '4 events', '40 events'].map((what) => [`${kind}, ${what}`, null]),
        [`${kind}, growth`, 1.2],
      ]),
    ],
    [
      'behind a backlog of 40',
      [
        ['backlog stored', null],
        [`others' messages, p50`, null],
        [`others' messages, p95`, 5_000],
        [`others' messages, the last`, null],
        ...['idle', 'halfway', 'after'].flatMap((when) => [
          [`in use, ${when}`, null],
          [`resident, ${when}`, 400],
        ]),
      ],
    ],
    [
      'beside an organization at 70 %',
      [
        ['capacity', null],
        ['noise, not sent in time', 0.05],
        [`others' messages alone, p95`, null],
        [`others' messages beside it, p95`, null],
        ['beside it to alone', 2],
      ],
    ],
    [
      'beside unsigned ones',
      [
        ['capacity', null],
        ['unsigned, refused', null],
        ['unsigned, not sent in time', 0.05],
        ['signed alone, p99', null],
        ['signed beside them, p99', null],
        ['beside them to alone', 2],
        ['signed, put off by 503', 0],
      ],
    ],
  ])
  for (const { what, ours, floor } of measures) {
    const mayBeNone = what === 'signed, put off by 503' || what.includes('not sent in time')
    t.true(ours.length === 1 && ours.every((value) => value > 0 || mayBeNone), what)
    t.is(floor, null)
  }
})

test('the table tells median, spread, ratio and whether the target is reached', (t) => {
  const rows = [
    {
      name: 'one',
      measures: [aMeasure(), aMeasure({ what: 'p50', unit: 'ms', ours: [1.234], floor: [2], target: null })],
    },
    { name: 'two', measures: [aMeasure({ ours: [20.5] })] },
    { name: 'three', measures: [aMeasure({ ours: [9], floor: null, target: null, most: 10 })] },
    { name: 'four', measures: [aMeasure({ ours: [11], floor: null, target: null, most: 10 })] },
  ]
  t.deepEqual(
    tableOf(rows)
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ')),
    [
      '| Row | Measure | Ours: median (min–max) | Floor: median (min–max) | Ours/floor | Target |',
      tableOf(rows).split('\n')[1],
      '| one | throughput, events/s | 2,500 (2,000–3,000) | 1,000 (900–1,100) | 2.50 | ≥ 2.50 reached |',
      '| | p50, ms | 1.23 (1.23–1.23) | 2.00 (2.00–2.00) | 0.62 | |',
      '| two | throughput, events/s | 20.5 (20.5–20.5) | 1,000 (900–1,100) | 0.02 | ≥ 2.50 MISSED |',
      '| three | throughput, events/s | 9.00 (9.00–9.00) | | | ≤ 10.0 reached |',
      '| four | throughput, events/s | 11.0 (11.0–11.0) | | | ≤ 10.0 MISSED |',
    ],
  )
  t.is(
    new Set(
      tableOf(rows)
        .split('\n')
        .map((line) => line.length),
    ).size,
    1,
  )
})

test('figures: the median of an even number of rounds lies between two of them', (t) => {
  t.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
  t.is(ratioOf(aMeasure({ ours: [30], floor: [20] })), 1.5)
  t.is(isReached(aMeasure({ target: null })), null)
  t.throws(() => spreadOf([]))
})

test('a replay has fresh ids, times and message ids, and leaves the rest as it was recorded', (t) => {
  const id = (digit: number) => `00000000-0000-7000-8000-00000000000${digit}`
  const statements = [
    { text: `select set_config('app.org_id', '${id(1)}', true)`, values: [] },
    {
      text: 'insert into messages select * from json_to_recordset($1) where id = any($2) and at < $3',
      values: [
        JSON.stringify([
          { id: id(2), external_id: 'mid-1', number: '7', count: 7, sent_at: '2026-11-22T10:00:00.000Z' },
        ]),
        [id(2), 'person-1'],
        new Date(0),
        null,
        5,
      ],
    },
  ]
  const fill = createTranscript(statements, { messageIds: ['mid-1'], person: 'person-1' })
  const at = new Date('2026-11-22T12:00:00.000Z')
  const facts = {
    idFor: (recorded: string) => `<${recorded.at(-1)}>`,
    at,
    messageId: 'mid-9',
    person: 'somebody',
    ticketNumber: 42,
  }
  t.deepEqual(fill(facts), [
    { text: "select set_config('app.org_id', '<1>', true)", values: [] },
    {
      text: statements[1]?.text as string,
      values: [
        JSON.stringify([{ id: '<2>', external_id: 'mid-9', number: '42', count: 7, sent_at: at.toISOString() }]),
        ['<2>', 'somebody'],
        at,
        null,
        5,
      ],
    },
  ])
})

test('a steady pace leaves nobody out that was due while it could not look, and keeps to their times', async (t) => {
  const due: number[] = []
  await atSteadyPace({ perSecond: 200, seconds: 0.25, stepMs: 1 }, (n, dueAtMs) => {
    t.is(n, due.length)
    due.push(dueAtMs)
    const until = performance.now() + (n === 45 ? 100 : 0)
    while (performance.now() < until);
  })
  t.is(due.length, 50)
  const gaps = due.slice(1).map((at, index) => at - (due[index] as number))
  t.true(gaps.every((ms) => Math.abs(ms - 5) < 0.001))
})

test('a pace without bursts makes up for what is late bit by bit, and says how much was left at the end', async (t) => {
  const stall = (ms: number) => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }
  const at: number[] = []
  const late = await atSteadyPace({ perSecond: 1_000, seconds: 0.5, stepMs: 1, burstMs: 10 }, (n) => {
    at.push(performance.now())
    if (n === 100) stall(100)
  })
  t.is(at.length, 500)
  // A hundred are late; each look sends ten of them at most, and one that comes after is another look.
  t.true((at[150] as number) - (at[101] as number) > 4)
  t.true(late < 0.5, `${late}`)
  const never = await atSteadyPace({ perSecond: 1_000, seconds: 0.1, stepMs: 1, burstMs: 10 }, (n) => {
    if (n === 0) stall(100)
  })
  t.true(never > 0.5, `${never}`)
})

test(`a delivery's time begins when it was due, also where it waits for a connection, and one that is put off comes again`, async (t) => {
  t.timeout(60_000)
  const held = new Set<ServerResponse>()
  let holds = true
  let answers = 0
  const answer = (response: ServerResponse) => {
    response.writeHead(answers++ === 0 ? 503 : 401, { 'Content-Length': 2 }).flushHeaders()
    setImmediate(() => response.end('no'))
  }
  const server = createServer((request, response) => {
    request.resume().once('end', () => (holds ? held.add(response) : answer(response)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sender = startChild('bench/flood/sender.ts', [], {})
  t.teardown(async () => {
    await sender.stop()
    server.close()
  })
  server.once('request', () =>
    setTimeout(() => {
      holds = false
      for (const response of held) answer(response)
    }, 2_000),
  )
  const order: SendingOrder = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries: [{ path: '/a', headers: {}, body: Buffer.from('a') }],
    perSecond: 1_000,
    leadSeconds: 0,
    seconds: 1,
    mayBurst: true,
    again: true,
  }
  sender.send(order)
  const { statuses, p50Ms } = await sender.answer<SendingResult>()
  // Which of the answers is seen first is not said: they come by many connections.
  t.deepEqual(Object.fromEntries(statuses), { 503: 1, 401: 1_000 })
  t.true(held.size < 1_000, 'all had a connection')
  // Half of them were due within the first half second.
  t.true(p50Ms >= 1_490, `${p50Ms} ms`)
})

test('options: all rows and three rounds unless told otherwise, and what is wrong is named', (t) => {
  t.deepEqual(readOptions([]), {
    rows: [...rowNames],
    rounds: 3,
    seconds: 10,
    events: 10_000,
    backlog: 100_000,
    json: null,
  })
  t.deepEqual(readOptions(['--rows', 'ingest', '--events=5', '--json', 'x']), {
    rows: ['ingest'],
    rounds: 3,
    seconds: 10,
    events: 5,
    backlog: 100_000,
    json: 'x',
  })
  t.is(readOptions(['--help']), 'help')
  t.throws(() => readOptions(['--rows', 'ack,nothing']), { instanceOf: WrongOption, message: /no row "nothing"/ })
  t.throws(() => readOptions(['--rounds', '0']), { instanceOf: WrongOption, message: /--rounds/ })
  t.throws(() => readOptions(['--colour']), { instanceOf: WrongOption, message: /--colour/ })
})

import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { testDatabase } from '../support/database.ts'
import { freePort, startProcess } from '../support/processes.ts'
import { dataFolder, ROOT, settings } from '../support/program.ts'

/** Loaded before the program: what nobody catches, at a signal. */
const planted = (what: string) =>
  `data:text/javascript,process.on('SIGWINCH',()=>{const planted=new Error('planted');${what}})`

for (const [kind, what] of [
  ['an exception', 'throw planted'],
  ['a rejection', 'Promise.reject(planted)'],
] as const) {
  test(`X3: ${kind} that nobody catches ends the process at once and in order: nothing new is taken, what runs is answered`, async (t) => {
    const database = await testDatabase('embedded')
    t.teardown(() => database.close())
    const port = await freePort()
    const env = settings({
      DATA_DIR: await dataFolder(t, 'uncaught'),
      DATABASE_URL: database.url,
      PORT: String(port),
      LOG_LEVEL: 'info',
    })
    const program = startProcess(process.execPath, ['--import', planted(what), 'src/main.ts', 'api'], env, {
      cwd: ROOT,
    })
    t.teardown(() => program.end())
    await program.says(/listening at/, 120_000)

    const body = JSON.stringify({ email: 'ann@example.com', password: 'not the right one' })
    const underWay = connect(port, '127.0.0.1')
    await once(underWay, 'connect')
    let answer = ''
    underWay.setEncoding('utf8').on('data', (text: string) => (answer += text))
    const head = [
      'POST /auth/login HTTP/1.1',
      'host: localhost',
      'content-type: application/json',
      `content-length: ${body.length}`,
    ]
    underWay.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 10)}`)
    // An answer on a later connection: the server has read what came on the one before.
    t.is((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)

    program.signal('SIGWINCH')
    await program.says(/an unexpected error; shutting down/)
    underWay.write(body.slice(10))
    await once(underWay, 'close')
    t.regex(answer, /^HTTP\/1\.1 401 /)
    t.deepEqual(await program.exited, { code: 1, signal: null }, program.output())
    t.regex(program.output(), /Error: planted/)
    t.notRegex(program.output(), /killed by timeout|second error/)
    await t.throwsAsync(fetch(`http://127.0.0.1:${port}/healthz`))
  })
}

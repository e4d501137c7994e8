import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { choosePort } from '../../dev/demo/port.ts'
import { demoEnvironment } from '../../dev/demo/service.ts'
import { variables } from '../../src/config/variables.ts'
import { loadConfig } from '../../src/config.ts'
import { freePort } from '../support/processes.ts'

test('the demo takes the port that is set, else the usual one, and another where that is taken, and says so', async (t) => {
  t.deepEqual(await choosePort('4711'), { port: '4711', note: null })
  const usual = await freePort()
  t.deepEqual(await choosePort(undefined, usual), { port: String(usual), note: null })
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const taken = createServer().listen(0, host)
    await once(taken, 'listening')
    const { port: held } = taken.address() as AddressInfo
    const { port, note } = await choosePort(undefined, held)
    t.not(port, String(held))
    t.true(Number(port) > 0)
    t.regex(note ?? '', new RegExp(`^Port ${held} is taken .*, so the demo uses ${port}\\.`))
    taken.close()
  }
})

test('the demo knows no host but the simulator', (t) => {
  const simulatorUrl = 'http://127.0.0.1:4712'
  // Secrets are made there on the first start.
  const dataDir = mkdtempSync(join(tmpdir(), 'demo-place-'))
  t.teardown(() => rmSync(dataDir, { recursive: true }))
  const environment: Readonly<Record<string, string>> = demoEnvironment({ dataDir, port: '4711', simulatorUrl })
  const loaded = loadConfig(environment, { role: 'all' })
  t.true(loaded.ok)
  // Whatever names one of Meta's hosts unless it is set.
  const abroad = variables.filter(
    (variable) => /https:\/\//.test(JSON.stringify(variable)) && /META|GRAPH|OAUTH|TOKEN_URL/.test(variable.name),
  )
  t.true(abroad.length >= 5)
  for (const { name } of abroad) t.is(environment[name], simulatorUrl, name)
  t.notRegex(JSON.stringify(loaded), /(instagram|facebook)\.com/)
})

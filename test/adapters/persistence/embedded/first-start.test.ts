import { existsSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { locateBinaries, prepareBinaries } from '../../../../src/adapters/persistence/embedded/binaries.ts'
import { makeCluster } from '../../../../src/adapters/persistence/embedded/cluster.ts'
import { serverUser } from '../../../../src/adapters/persistence/embedded/server-user.ts'
import { killMember, startMember } from './support/member-process.ts'
import { aFolder, aServer, eventually, processesBelow, query } from './support/playground.ts'

/** Where the server's user can run them, wherever this checkout is. */
const programs = (folder: string) => prepareBinaries(locateBinaries(), join(folder, 'copied.bin-1'), serverUser())

const drafts = (folder: string) => readdirSync(folder).filter((name) => name.includes('.init-'))

test.serial('a first start that is killed at any moment does not spoil the folder', async (t) => {
  const folder = await aFolder(t)
  for (const afterMs of [0, 60, 200, 400]) {
    const dataDir = join(folder, `after-${afterMs}`, 'pg')
    const member = startMember(dataDir)
    const parent = join(folder, `after-${afterMs}`)
    await eventually(10_000, () => existsSync(parent) && drafts(parent).length > 0)
    await sleep(afterMs)
    await killMember(member)
    // The later kills may find a fast machine done already.
    if (afterMs === 0) t.false(existsSync(join(dataDir, 'PG_VERSION')))

    const server = await aServer(t, dataDir)
    t.deepEqual(await query(server, 'select 1'), [1])
    await server.close()
    t.deepEqual(drafts(parent), [])
  }
  await eventually(5_000, () => processesBelow(folder).length === 0)
})

test.serial('a half-made cluster that was left beside the folder is swept away', async (t) => {
  const folder = await aFolder(t)
  await mkdir(join(folder, 'pg.init-abc', 'base'), { recursive: true })
  await writeFile(join(folder, 'pg.init-abc', 'PG_VERSION'), '18\n')
  await aServer(t, join(folder, 'pg'))
  t.deepEqual(drafts(folder), [])
})

test.serial('a system without the C.UTF-8 locale gets a cluster with the one PostgreSQL brings', async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  const builtin = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  await makeCluster(dataDir, await programs(folder), serverUser(), [['--locale=xx_YY.UTF-8'], builtin])
  const server = await aServer(t, dataDir)
  t.deepEqual(await query(server, "select lower('ÄÖÜ')"), ['äöü'])
})

test.serial('a cluster that cannot be made says why and leaves no draft', async (t) => {
  const folder = await aFolder(t)
  const data = join(folder, 'data')
  await mkdir(data)
  await t.throwsAsync(makeCluster(join(data, 'pg'), await programs(folder), serverUser(), [['--locale=xx_YY.UTF-8']]), {
    code: 'start-failed',
    message: /invalid locale name "xx_YY.UTF-8"/,
  })
  t.deepEqual(readdirSync(data), [])
})

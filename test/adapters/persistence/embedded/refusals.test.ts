import { chown, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { locateBinaries } from '../../../../src/adapters/persistence/embedded/binaries.ts'
import { joinServer } from '../../../../src/adapters/persistence/embedded/embedded-postgres.ts'
import { EmbeddedPostgresError } from '../../../../src/adapters/persistence/embedded/index.ts'
import { asNobody, asRoot } from './support/as-user.ts'
import { startMember } from './support/member-process.ts'
import { aFolder, aServer, isRoot, NOBODY, query, snapshot } from './support/playground.ts'
import { surroundings } from './support/surroundings.ts'

const silent = { info: () => {}, warn: () => {} }
const start = (dataDir: string) => joinServer({ dataDir, log: silent }, surroundings())

test.serial('data of another PostgreSQL major are refused and not touched', async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  const server = await aServer(t, dataDir)
  await server.close()
  await writeFile(join(dataDir, 'PG_VERSION'), '17\n')
  const before = await snapshot(folder)
  const error = await t.throwsAsync(start(dataDir), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'other-major')
  t.regex(error?.message ?? '', /made by PostgreSQL 17, and this program brings 18/)
  t.deepEqual(await snapshot(folder), before)
})

test.serial('a folder that holds something else is refused and not touched', async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  await mkdir(dataDir)
  await writeFile(join(dataDir, 'thesis.txt'), 'years of work')
  const before = await snapshot(folder)
  const error = await t.throwsAsync(start(dataDir), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'not-ours')
  t.deepEqual(await snapshot(folder), before)
})

test.serial('a file in the place of the folder is refused and not touched', async (t) => {
  const folder = await aFolder(t)
  await writeFile(join(folder, 'pg'), 'a file')
  const before = await snapshot(folder)
  const error = await t.throwsAsync(start(join(folder, 'pg')), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'not-ours')
  t.deepEqual(await snapshot(folder), before)
})

test.serial('an empty folder is taken', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  await mkdir(dataDir)
  const server = await aServer(t, dataDir)
  t.deepEqual(await query(server, 'select 1'), [1])
})

asNobody('data that belong to another user are refused and not touched', async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  const server = await aServer(t, dataDir)
  await server.close()
  const before = await snapshot(folder)
  const stranger = startMember(dataDir, { uid: NOBODY - 1 })
  const refusal = await stranger.next()
  await stranger.ended
  t.is(refusal.code, 'other-owner')
  t.deepEqual(await snapshot(folder), before)
})

asRoot("data that root finds to be an ordinary user's are refused and not touched", async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  const server = await aServer(t, dataDir)
  await server.close()
  await chown(dataDir, NOBODY - 1, NOBODY - 1)
  const before = await snapshot(folder)
  const error = await t.throwsAsync(start(dataDir), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'other-owner')
  t.deepEqual(await snapshot(folder), before)
})

test.serial('a missing binaries package is told in one sentence that says what to do', (t) => {
  const error = t.throws(() => locateBinaries('@embedded-postgres/plan9-mips'), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'no-binaries')
  t.regex(error?.message ?? '', /^There is no PostgreSQL to embed: .* --omit=optional, or set DATABASE_URL .*\.$/)
})

test.serial('a folder that was moved away under its running server is refused', async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  const server = await aServer(t, dataDir)
  await rename(dataDir, join(folder, 'moved'))
  const error = await t.throwsAsync(start(join(folder, 'moved')), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, isRoot ? 'in-use' : error?.code)
  await rename(join(folder, 'moved'), dataDir)
  t.deepEqual(await query(server, 'select 1'), [1])
})

test.serial('no second server is started beside one that answers but cannot be seen', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const server = await aServer(t, dataDir)
  const path = join(dataDir, 'postmaster.pid')
  const file = await readFile(path, 'utf8')
  await writeFile(path, file.replace(/^\d+/, '999999999'))
  const error = await t.throwsAsync(start(dataDir), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'in-use')
  await writeFile(path, file)
  t.deepEqual(await query(server, 'select 1'), [1])
})

test.serial('a server that does not start is told with its own words and leaves no process', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const server = await aServer(t, dataDir)
  await server.close()
  await writeFile(join(dataDir, 'postgresql.conf'), 'no_such_setting = 1\n')
  const error = await t.throwsAsync(start(dataDir), { instanceOf: EmbeddedPostgresError })
  t.is(error?.code, 'start-failed')
  t.regex(error?.message ?? '', /FATAL/)
})

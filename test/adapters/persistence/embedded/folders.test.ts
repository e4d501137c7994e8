import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { asNobody, asRoot } from './support/as-user.ts'
import { closeMember, killMember, startMember } from './support/member-process.ts'
import {
  aFolder,
  aPackageWithoutLinks,
  aServer,
  eventually,
  isAlive,
  isRoot,
  NOBODY,
  processesBelow,
  query,
} from './support/playground.ts'

const NAMELESS = 64_999
const serverUid = isRoot ? NOBODY : (process.getuid?.() ?? -1)

test.serial('a path too long for a socket gets a short private folder, which goes with the server', async (t) => {
  const dataDir = join(await aFolder(t), 'long'.repeat(25), 'pg')
  const one = await aServer(t, dataDir)
  t.not(one.socketDir, dataDir)
  const { mode, uid } = lstatSync(one.socketDir)
  t.is(mode & 0o777, 0o700)
  t.is(uid, serverUid)

  const two = await aServer(t, dataDir)
  t.is(two.socketDir, one.socketDir)
  process.kill(one.pid() ?? 0, 'SIGKILL')
  t.deepEqual(await eventually(5_000, () => query(two, 'select 1')), [1])
  await one.close()
  await two.close()
  t.false(existsSync(one.socketDir))
})

test.serial('the short folder of a server that was killed is used again', async (t) => {
  const dataDir = join(await aFolder(t), 'long'.repeat(25), 'pg')
  const member = startMember(dataDir)
  const up = await member.next()
  await killMember(member)
  process.kill(up.serverPid ?? 0, 'SIGKILL')
  await eventually(5_000, () => !isAlive(up.serverPid))
  const next = await aServer(t, dataDir)
  t.is(next.socketDir, up.socketDir)
})

test.serial('the folder with the data and the socket is closed to others', async (t) => {
  const server = await aServer(t, join(await aFolder(t), 'pg'))
  t.is(server.socketDir, server.dataDir)
  t.is(lstatSync(server.dataDir).mode & 0o777, 0o700)
  t.is(lstatSync(server.dataDir).uid, serverUid)
})

test.serial('spaces, commas, quotes and umlauts in the path do no harm', async (t) => {
  const folder = await aFolder(t)
  const fallbackRoot = join(folder, 'fallback')
  // Installed where the server's user cannot read it, the programs are copied, and not into that folder.
  const packageDir = await aPackageWithoutLinks(folder)
  await chmod(packageDir, 0o700)
  const server = await aServer(t, join(folder, `Döner, "my" boss's data`, 'pg'), { packageDir, fallbackRoot })
  t.deepEqual(await query(server, 'select 1'), [1])
})

test.serial('library links that the install script did not make are made at start', async (t) => {
  const folder = await aFolder(t)
  const packageDir = await aPackageWithoutLinks(folder)
  await chmod(join(packageDir, 'native', 'bin', 'postgres'), 0o644)
  const server = await aServer(t, join(folder, 'pg'), { packageDir })
  t.deepEqual(await query(server, 'select 1'), [1])
  t.true(lstatSync(join(packageDir, 'native', 'lib', 'libpq.so.5')).isSymbolicLink())
})

asNobody('an ordinary user runs the server as itself', async (t) => {
  const folder = await aFolder(t)
  await chown(folder, NOBODY, NOBODY)
  const dataDir = join(folder, 'data', 'pg')
  const member = startMember(dataDir, { uid: NOBODY })
  const up = await member.next()
  t.is(up.type, 'up')
  for (const name of ['pg', 'pg.log', 'pg.run']) t.is(lstatSync(join(folder, 'data', name)).uid, NOBODY)
  process.kill(up.serverPid ?? 0, 'SIGKILL')
  t.deepEqual(await eventually(5_000, () => query(up, 'select 1')), [1])
  await closeMember(member)
  t.deepEqual(processesBelow(folder), [])
})

asNobody('a user without a name is told that PostgreSQL wants one', async (t) => {
  const folder = await aFolder(t)
  await chown(folder, NAMELESS, NAMELESS)
  const member = startMember(join(folder, 'pg'), { uid: NAMELESS })
  const refusal = await member.next()
  await member.ended
  t.is(refusal.code, 'start-failed')
  t.regex(refusal.message, /add it to \/etc\/passwd/)
  t.deepEqual(readdirSync(folder), ['pg.run'])
})

asNobody('binaries that lack links in a folder we may not write to are used from a copy', async (t) => {
  const folder = await aFolder(t)
  const packageDir = await aPackageWithoutLinks(folder)
  await mkdir(join(folder, 'data'))
  await chmod(join(folder, 'data'), 0o777)
  const dataDir = join(folder, 'data', 'pg')
  const members = [1, 2, 3].map(() => startMember(dataDir, { uid: NOBODY, packageDir }))
  const ups = await Promise.all(members.map((member) => member.next()))
  t.deepEqual(
    ups.map((up) => up.type),
    ['up', 'up', 'up'],
  )
  t.false(existsSync(join(packageDir, 'native', 'lib', 'libpq.so.5')))
  await Promise.all(members.map(closeMember))
})

asRoot('binaries that the unprivileged user cannot get to are used from a copy', async (t) => {
  const folder = await aFolder(t)
  await mkdir(join(folder, 'home'), { mode: 0o700 })
  const packageDir = await aPackageWithoutLinks(join(folder, 'home'))
  const dataDir = join(folder, 'pg')
  const first = await aServer(t, dataDir, { packageDir })
  t.deepEqual(await query(first, 'select 1'), [1])
  await first.close()
  const second = await aServer(t, dataDir, { packageDir })
  t.deepEqual(await query(second, 'select 1'), [1])
})

asRoot('data below a folder closed to the unprivileged user go to the fallback folder and stay there', async (t) => {
  const folder = await aFolder(t)
  const home = join(folder, 'home')
  await mkdir(home, { mode: 0o700 })
  const wanted = join(home, 'data', 'pg')
  const fallbackRoot = join(folder, 'var', 'delightchat')
  const first = await aServer(t, wanted, { fallbackRoot })
  t.true(first.dataDir.startsWith(`${fallbackRoot}/`))
  t.true(first.logged.some((line) => line.includes(wanted) && line.includes(first.dataDir)))
  await query(first, 'create table kept (n int); insert into kept values (7)')
  await first.close()

  await chmod(home, 0o755)
  const second = await aServer(t, wanted, { fallbackRoot })
  t.is(second.dataDir, first.dataDir)
  t.deepEqual(await query(second, 'select n from kept'), [7])
})

asRoot('data whose folder was closed later are not replaced by an empty database', async (t) => {
  const folder = await aFolder(t)
  const home = join(folder, 'home')
  await mkdir(home)
  const dataDir = join(home, 'pg')
  const first = await aServer(t, dataDir)
  await first.close()
  await chmod(home, 0o700)
  await t.throwsAsync(aServer(t, dataDir, { fallbackRoot: join(folder, 'var') }), { code: 'unreachable' })
  t.false(existsSync(join(folder, 'var')))
})

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { closeMember, killMember, startMember } from './support/member-process.ts'
import { aFolder, aServer, eventually, isAlive, processesBelow, query } from './support/playground.ts'

test.serial('what was written is there after a stop and a new start', async (t) => {
  const dataDir = join(await aFolder(t), 'data', 'pg')
  const first = await aServer(t, dataDir)
  t.is(first.dataDir, dataDir)
  t.is(first.adminUser, 'bootstrap')
  await query(first, "create table kept (word text); insert into kept values ('grüße')")
  const pid = first.pid()
  t.true(isAlive(pid))
  await first.close()
  await first.close()
  t.is(first.pid(), null)
  t.false(isAlive(pid))

  const second = await aServer(t, dataDir)
  t.deepEqual(await query(second, 'select word from kept'), ['grüße'])
})

test.serial('X8: the server is durable, checks its pages and listens on its socket only', async (t) => {
  const server = await aServer(t, join(await aFolder(t), 'pg'))
  const settings = [
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'data_checksums',
    'listen_addresses',
    'server_encoding',
  ]
  const values = await query(server, `select ${settings.map((name) => `current_setting('${name}')`).join()}`)
  t.deepEqual(values, ['on', 'on', 'on', 'on', '', 'UTF8'])
  t.deepEqual(await query(server, 'select lower(\'ÄÖÜ\') collate "default"'), ['äöü'])
})

test.serial('two processes share one server, and the last to leave stops it', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const one = startMember(dataDir)
  const oneUp = await one.next()
  const two = startMember(dataDir)
  const twoUp = await two.next()
  t.is(twoUp.serverPid, oneUp.serverPid)
  t.is(twoUp.socketDir, oneUp.socketDir)
  t.regex(two.logged().join(), /joined/)

  await closeMember(one)
  t.true(isAlive(oneUp.serverPid))
  t.deepEqual(await query(twoUp, 'select 1'), [1])
  await closeMember(two)
  t.false(isAlive(oneUp.serverPid))
})

test.serial('one process may join twice and counts twice', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const one = await aServer(t, dataDir)
  const two = await aServer(t, dataDir)
  t.is(two.pid(), one.pid())
  await one.close()
  t.deepEqual(await query(two, 'select 1'), [1])
  const pid = two.pid()
  await two.close()
  t.false(isAlive(pid))
})

test.serial('four processes that start at once on a fresh folder get one server', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const members = [1, 2, 3, 4].map(() => startMember(dataDir))
  const ups = await Promise.all(members.map((member) => member.next()))
  t.is(new Set(ups.map((up) => up.serverPid)).size, 1)
  t.is(members.filter((member) => /started/.test(member.logged().join())).length, 1)
  await Promise.all(members.map(closeMember))
  t.false(isAlive(ups[0]?.serverPid ?? null))
})

test.serial('processes that come and go at the same time always find a server', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const comeAndGo = async () => {
    for (let round = 0; round < 4; round += 1) {
      const member = startMember(dataDir)
      const up = await member.next()
      t.deepEqual(await query(up, 'select 1'), [1])
      await closeMember(member)
    }
  }
  await Promise.all([comeAndGo(), comeAndGo(), comeAndGo()])
  t.deepEqual(processesBelow(dataDir), [])
})

test.serial('the server of a process that was killed is taken over by the next one', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const killed = startMember(dataDir)
  const before = await killed.next()
  await query(before, 'create table kept (n int); insert into kept values (7)')
  await killMember(killed)
  t.true(isAlive(before.serverPid))

  const next = await aServer(t, dataDir)
  t.is(next.pid(), before.serverPid)
  t.regex(next.logged.join(), /taken over/)
  t.deepEqual(await query(next, 'select n from kept'), [7])
  await next.close()
  t.false(isAlive(before.serverPid))
})

test.serial('a member that was killed does not keep the server from being stopped', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const survivor = await aServer(t, dataDir)
  const killed = startMember(dataDir)
  await killed.next()
  await killMember(killed)
  const pid = survivor.pid()
  await survivor.close()
  t.false(isAlive(pid))
})

test.serial('a server whose process and all of ours were killed comes back with its data', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const killed = startMember(dataDir)
  const before = await killed.next()
  await query(before, 'create table kept (n int); insert into kept values (7)')
  await killMember(killed)
  process.kill(before.serverPid ?? 0, 'SIGKILL')
  await eventually(5_000, () => !isAlive(before.serverPid))

  const next = await aServer(t, dataDir)
  t.not(next.pid(), before.serverPid)
  t.deepEqual(await query(next, 'select n from kept'), [7])
})

test.serial('Ctrl-C, which signals all processes of a terminal, does not reach the server', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const member = startMember(dataDir, { ownGroup: true })
  const up = await member.next()
  process.kill(-member.pid, 'SIGINT')
  await member.ended
  t.deepEqual(await query(up, 'select 1'), [1])
  await (await aServer(t, dataDir)).close()
  t.false(isAlive(up.serverPid))
})

test.serial('a running server does not keep a process from ending', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const member = startMember(dataDir)
  const up = await member.next()
  member.endInput()
  const ended = await Promise.race([member.ended.then(() => true), sleep(5_000, false)])
  member.signal('SIGKILL')
  t.true(ended)
  t.true(isAlive(up.serverPid))
  await (await aServer(t, dataDir)).close()
})

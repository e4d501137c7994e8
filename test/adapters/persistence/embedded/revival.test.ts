import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { closeMember, startMember } from './support/member-process.ts'
import { aFolder, aServer, eventually, isAlive, isRoot, NOBODY, processesBelow, query } from './support/playground.ts'

test.serial('a server that is killed is back within 5 seconds with what was committed', async (t) => {
  const server = await aServer(t, join(await aFolder(t), 'pg'))
  await query(server, 'create table kept (n int); insert into kept values (7)')
  for (let round = 0; round < 3; round += 1) {
    const killed = server.pid()
    process.kill(killed ?? 0, 'SIGKILL')
    t.deepEqual(await eventually(5_000, () => query(server, 'select n from kept')), [7])
    await eventually(1_000, () => server.pid() !== null)
    t.not(server.pid(), killed)
  }
  t.regex(server.logged.join(), /died: starting it again/)
})

test.serial('of two processes one brings the server back and both find it', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const member = startMember(dataDir)
  const up = await member.next()
  const server = await aServer(t, dataDir)
  process.kill(up.serverPid ?? 0, 'SIGKILL')
  await eventually(5_000, () => query(up, 'select 1'))
  await eventually(2_000, () => server.pid())
  const attempts = [...member.logged(), ...server.logged].filter((line) => /starting it again/.test(line))
  t.is(attempts.length, 1)
  await closeMember(member)
  t.deepEqual(await query(server, 'select 1'), [1])
})

test.serial('the process that started the server may be stopped: another brings it back', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const parent = startMember(dataDir)
  const up = await parent.next()
  const server = await aServer(t, dataDir)
  // Its parent does not collect it now, so the dead server keeps its entry in the process table.
  parent.signal('SIGSTOP')
  process.kill(up.serverPid ?? 0, 'SIGKILL')
  t.deepEqual(await eventually(5_000, () => query(server, 'select 1')), [1])
  parent.signal('SIGCONT')
  await closeMember(parent)
  t.deepEqual(await query(server, 'select 1'), [1])
})

test.serial('a session that is busy and outlives its killed server does not hold up the next one', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const server = await aServer(t, dataDir)
  const busy = query(server, 'select count(*) from generate_series(1, 1e9) n where sqrt(n) < 0').catch(() => 'cut off')
  await eventually(
    5_000,
    async () =>
      (
        await query(
          server,
          "select 1 from pg_stat_activity where state = 'active' and query like '%sqrt%' and pid <> pg_backend_pid()",
        )
      ).length > 0,
  )
  process.kill(server.pid() ?? 0, 'SIGKILL')
  t.deepEqual(await eventually(5_000, () => query(server, 'select 1')), [1])
  t.is(await busy, 'cut off')
})

test.serial('a close while the server is being brought back leaves nothing running', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  for (const pauseMs of [0, 500, 520, 560, 600]) {
    const server = await aServer(t, dataDir)
    process.kill(server.pid() ?? 0, 'SIGKILL')
    await sleep(pauseMs)
    await server.close()
    t.deepEqual(processesBelow(dataDir), [], `${pauseMs} ms`)
  }
  // Nor does it come back later.
  await sleep(1_500)
  t.deepEqual(processesBelow(dataDir), [])
})

test.serial('a server whose data were deleted is ended and not made anew', async (t) => {
  const folder = await aFolder(t)
  const dataDir = join(folder, 'pg')
  const server = await aServer(t, dataDir)
  const pid = server.pid()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  process.kill(pid ?? 0, 'SIGKILL')
  await eventually(5_000, () => server.logged.some((line) => /could not be started again/.test(line)))
  await server.close()
  t.deepEqual(processesBelow(folder), [])
})

test.serial('a pid that now belongs to another process does not keep the server from starting', async (t) => {
  const dataDir = join(await aFolder(t), 'pg')
  const first = await aServer(t, dataDir)
  const file = await readFile(join(dataDir, 'postmaster.pid'), 'utf8')
  await first.close()
  const ids = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const other = spawn('sleep', ['60'], { ...ids, cwd: '/' })
  await once(other, 'spawn')
  const misleading = file.replace(/^\d+/, String(other.pid))
  await writeFile(join(dataDir, 'postmaster.pid'), misleading)
  await writeFile(join(dataDir, '.s.PGSQL.5432.lock'), misleading)

  const second = await aServer(t, dataDir)
  t.deepEqual(await query(second, 'select 1'), [1])
  t.true(isAlive(other.pid ?? null))
  other.kill()
  await once(other, 'exit')
})

import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import type { SessionRecords } from '../../src/ports/session-records.ts'

export type SessionRecordsKit = Readonly<{
  name: string
  /** A store of its own, empty; it lives until the test file ends. */
  make(): Promise<SessionRecords>
  /** Somebody who may have sessions. */
  person(): Promise<string>
}>

const HOUR_MS = 3_600_000

/** As express-session hands it over: the end is said twice, beside the data and in the cookie inside. */
function aSession(endsInMs = HOUR_MS, more: Readonly<Record<string, unknown>> = {}) {
  const expiresAt = new Date(Date.now() + endsInMs)
  const cookie = { originalMaxAge: HOUR_MS, expires: expiresAt.toISOString(), httpOnly: true, path: '/' }
  return { expiresAt, data: { cookie, ...more } }
}

/** What every store of sessions keeps. */
export function sessionRecordsContract(test: TestFn, { name, make, person }: SessionRecordsKit): void {
  const hash = (): string => randomUUID().replaceAll('-', '').repeat(2)

  test(`${name}: a session comes back as it was put, until it is put again or ended`, async (t) => {
    const records = await make()
    const [one, other] = [hash(), hash()]
    t.falsy(await records.get(one))
    const { data, expiresAt } = aSession(HOUR_MS, { passport: { user: { id: 'u', name: 'Zoë 🙂', list: [1, null] } } })
    await records.set(one, data, expiresAt, null)
    t.deepEqual(await records.get(one), { idHash: one, data, usedAt: null })
    t.falsy(await records.get(other))
    const again = aSession(2 * HOUR_MS, { passport: {} })
    await records.set(one, again.data, again.expiresAt, null)
    t.deepEqual((await records.get(one))?.data, again.data)
    t.true(await records.destroy(one))
    t.false(await records.destroy(one), 'it was gone')
    t.falsy(await records.get(one))
  })

  test(`${name}: what was put does not change with the object it was put from, nor with what was got`, async (t) => {
    const records = await make()
    const id = hash()
    const { data, expiresAt } = aSession(HOUR_MS, { list: ['kept'] })
    await records.set(id, data, expiresAt, null)
    ;(data as unknown as { list: string[] }).list.push('later')
    const got = (await records.get(id))?.data as { list: string[] }
    t.deepEqual(got.list, ['kept'])
    got.list.push('later')
    t.like(await records.get(id), { data: { list: ['kept'] } })
  })

  test(`${name}: a session that is over is not there, whether or not it was cleared away`, async (t) => {
    const records = await make()
    const id = hash()
    const { data, expiresAt } = aSession(-1_000)
    await records.set(id, data, expiresAt, null)
    t.falsy(await records.get(id))
  })

  test(`${name}: when it was last used is kept beside it, and brings back none that has ended`, async (t) => {
    const records = await make()
    const id = hash()
    const { data, expiresAt } = aSession()
    const usedAt = new Date('2026-11-24T12:00:00.123Z')
    await records.touch(id, usedAt)
    t.falsy(await records.get(id))
    await records.set(id, data, expiresAt, null)
    await records.touch(id, usedAt)
    t.deepEqual(await records.get(id), { idHash: id, data, usedAt })
    await records.destroy(id)
    await records.touch(id, usedAt)
    t.falsy(await records.get(id))
  })

  test(`${name}: a person's sessions are found, those that have ended are not, and nobody else's`, async (t) => {
    const records = await make()
    const [ann, bob] = [await person(), await person()]
    const [one, other, over, ended, bobs] = [hash(), hash(), hash(), hash(), hash()]
    t.deepEqual(await records.ofUser(ann), [])
    const put = async (id: string, userId: string, endsInMs = HOUR_MS) => {
      const { data, expiresAt } = aSession(endsInMs, { passport: { user: { id: userId } } })
      await records.set(id, data, expiresAt, userId)
    }
    await put(one, ann, 2 * HOUR_MS)
    await put(other, ann)
    await put(over, ann, -1_000)
    await put(ended, ann)
    await put(bobs, bob)
    await records.destroy(ended)
    const usedAt = new Date('2026-11-24T12:00:00.123Z')
    await records.touch(other, usedAt)
    for (let look = 0; look < 2; look++) {
      const found = (await records.ofUser(ann)).map((record) => [record.idHash, record.usedAt])
      t.deepEqual(
        found.toSorted(),
        [
          [one, null],
          [other, usedAt],
        ].toSorted(),
      )
    }
    t.like((await records.ofUser(bob))[0]?.data, { passport: { user: { id: bob } } })
  })

  const aNext = (userId: string, endsInMs = HOUR_MS) => {
    const { data, expiresAt } = aSession(endsInMs, { passport: { user: { id: userId } } })
    return { idHash: hash(), data, expiresAt, userId }
  }
  const begun = async (records: SessionRecords, userId: string, endsInMs = HOUR_MS): Promise<string> => {
    const { idHash, data, expiresAt } = aNext(userId, endsInMs)
    await records.set(idHash, data, expiresAt, userId)
    return idHash
  }

  test(`${name}: a session goes on under another id with its use, and one that has ended does not`, async (t) => {
    const records = await make()
    const ann = await person()
    const [one, ended] = [await begun(records, ann), await begun(records, ann)]
    const usedAt = new Date('2026-11-24T12:00:00.123Z')
    await records.touch(one, usedAt)
    const next = aNext(ann)
    t.true(await records.move(one, next))
    t.falsy(await records.get(one))
    t.deepEqual(await records.get(next.idHash), { idHash: next.idHash, data: next.data, usedAt })
    await records.destroy(ended)
    const over = await begun(records, ann, -1_000)
    for (const dead of [ended, over, one, hash()]) {
      const none = aNext(ann)
      t.false(await records.move(dead, none))
      t.falsy(await records.get(none.idHash))
    }
    t.deepEqual(
      (await records.ofUser(ann)).map(({ idHash }) => idHash),
      [next.idHash],
    )
    t.true(await records.move(next.idHash, aNext(ann, -1_000)))
    t.deepEqual(await records.ofUser(ann), [], 'its time was up')
  })

  test(`${name}: of twenty that move one session at once, one does`, async (t) => {
    const records = await make()
    const ann = await person()
    const one = await begun(records, ann)
    const moved = await Promise.all(Array.from({ length: 20 }, () => records.move(one, aNext(ann))))
    t.is(moved.filter(Boolean).length, 1)
    t.is((await records.ofUser(ann)).length, 1)
  })

  test(`${name}: of a session that moves and is ended at once, nothing is left, or the next`, async (t) => {
    const records = await make()
    const ann = await person()
    for (let round = 0; round < 10; round++) {
      const [one, next] = [await begun(records, ann), aNext(ann)]
      const [isMoved, isEnded] = await Promise.all([records.move(one, next), records.destroy(one)])
      t.is(isMoved, !isEnded)
      t.is((await records.get(next.idHash)) !== null, isMoved)
    }
  })

  test(`${name}: whoever lists a person's sessions while one moves finds it`, async (t) => {
    const records = await make()
    const ann = await person()
    let one = await begun(records, ann)
    let isMoving = true
    const counts: number[] = []
    const looking = async () => {
      while (isMoving) counts.push((await records.ofUser(ann)).length)
    }
    const moving = async () => {
      for (let moves = 0; moves < 100; moves++) {
        const next = aNext(ann)
        t.true(await records.move(one, next))
        one = next.idHash
      }
      isMoving = false
    }
    await Promise.all([looking(), looking(), moving()])
    t.true(counts.length > 0)
    t.deepEqual([...new Set(counts)], [1])
  })
}

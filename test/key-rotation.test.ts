import { createCipheriv, randomBytes } from 'node:crypto'
import test from 'ava'
import type { Client } from 'pg'
import { createChannelAccounts } from '../src/adapters/persistence/channel-accounts.ts'
import { createKeyRotation } from '../src/adapters/persistence/key-rotation.ts'
import { channelSecretPlace, SEALED_TABLES } from '../src/adapters/persistence/sealed-places.ts'
import { storesWith } from '../src/adapters/persistence/stores/index.ts'
import { createUnitOfWork } from '../src/adapters/persistence/unit-of-work.ts'
import { createSecretBox, SecretBoxError } from '../src/adapters/security/secret-box.ts'
import { main } from '../src/cli.ts'
import type { ChannelId, ExternalAccountId, UnsubscriptionId } from '../src/core/ids.ts'
import type { EncryptionKey, SecretBox } from '../src/ports/secret-box.ts'
import { rotationReport } from '../src/rotation-report.ts'
import { until } from './adapters/http/support/until.ts'
import { onEachProfile, type TestDatabase, testDatabase } from './support/database.ts'
import { planted } from './support/planted.ts'
import { dataFolder, settings } from './support/program.ts'
import { ids, type SeededOrganization, seedChannel, seedOrganization } from './support/seed.ts'
import { onServer } from './support/template.ts'

const keyOf = (id: string): EncryptionKey => ({ id, key: randomBytes(32) })
const inEnv = (keys: readonly EncryptionKey[]) =>
  keys.map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`).join(',')

/** As the first version of this program sealed. */
function sealedAsBefore({ id, key }: EncryptionKey, plaintext: string, context: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return ['v1', id, ...[iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url'))].join('.')
}

type Planted = SeededOrganization & {
  channelId: ChannelId
  other: ChannelId
  tokenHash: string
  farewell: UnsubscriptionId
}

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const sql = <Row extends object>(text: string, values: unknown[] = []) =>
    onServer(db.admin, async (client: Client) => (await client.query(text, values)).rows as Row[])
  const everySealed = () =>
    sql<{ place: string; sealed: string }>(
      `select 'secret ' || channel_id || name as place, sealed from channel_secrets
       union all select 'connect ' || token_hash, sealed from connect_attempts where sealed is not null
       union all select 'farewell ' || id, sealed from unsubscriptions order by 1`,
    )
  const unitOfWork = (secretBox: SecretBox) =>
    createUnitOfWork({ orm: db.orm(), makeStores: storesWith({ ids, secretBox }) })

  const TOKEN = planted('access-token')
  const account = { account: 'a', name: 'a', token: TOKEN } as never

  /** Every kind of sealed value, of one organization. */
  async function plant(secretBox: SecretBox): Promise<Planted> {
    const orm = db.orm()
    const organization = await seedOrganization(orm)
    const { orgId, memberId } = organization
    const [channelId, other] = [
      await seedChannel(orm, orgId, { secrets: {} }),
      await seedChannel(orm, orgId, { secrets: {} }),
    ]
    const [tokenHash, farewell] = [randomBytes(32).toString('hex'), ids.next() as UnsubscriptionId]
    await unitOfWork(secretBox).run(orgId, async ({ channels, connects, unsubscriptions }) => {
      for (const id of [channelId, other])
        await channels.save(await channels.get(id), { accessToken: TOKEN, appSecret: `${TOKEN}-app` }, new Date())
      const soon = new Date(Date.now() + 600_000)
      await connects.begin(
        {
          tokenHash,
          memberId,
          sessionHash: 's',
          login: 'instagram',
          moves: false,
          accounts: [account],
          expiresAt: soon,
        },
        new Date(),
      )
      const of = { id: farewell, channelId, type: 'INSTAGRAM', account: 'a' as ExternalAccountId, settings: {} }
      await unsubscriptions.plan({ ...of, secrets: { accessToken: TOKEN }, requestedAt: new Date() }, 3_600_000)
    })
    return { ...organization, channelId, other, tokenHash, farewell }
  }

  async function readable(secretBox: SecretBox, { orgId, channelId, farewell }: Planted): Promise<unknown> {
    const loaded = await createChannelAccounts({ orm: db.orm(), secretBox }).load(orgId, channelId)
    const plan = await unitOfWork(secretBox).run(orgId, ({ unsubscriptions }) => unsubscriptions.find(farewell))
    return [loaded?.secrets, plan?.secrets]
  }
  const ALL = [{ accessToken: TOKEN, appSecret: `${TOKEN}-app` }, { accessToken: TOKEN }]

  // One after the other: a rotation goes through the whole database.
  test.serial(
    `S119: ${profile}: the operator changes the key: what the old one sealed is read, then sealed anew, and the old one can go`,
    async (t) => {
      const [old, next, lost] = [keyOf('k1'), keyOf('k2'), keyOf('k0')]
      const environment = settings({
        DATA_DIR: await dataFolder(t, 'keys-rotate'),
        DATABASE_URL: db.url,
        NODE_ENV: 'test',
      })
      const rotate = async (...keys: EncryptionKey[]) => {
        const lines: unknown[] = []
        const out = { log: (line: unknown) => lines.push(line), error: (line: unknown) => lines.push(line) }
        const code = await main(['keys:rotate'], {
          environment: { ...environment, ENCRYPTION_KEYS: inEnv(keys) },
          out: out as never,
        })
        const output = lines.join('\n')
        t.notRegex(
          output,
          new RegExp(`${TOKEN}|${keys.map(({ key }) => RegExp.escape(Buffer.from(key).toString('base64'))).join('|')}`),
        )
        return { code, output }
      }
      const one = await plant(createSecretBox([old]))
      // One of the first version, which was bound to less.
      await sql('update channel_secrets set sealed = $1 where channel_id = $2 and name = $3', [
        sealedAsBefore(old, TOKEN, `${one.orgId}:${one.other}:accessToken`),
        one.other,
        'accessToken',
      ])
      const both = createSecretBox([next, old])
      t.deepEqual(await readable(both, one), ALL)
      t.deepEqual(await readable(both, { ...one, channelId: one.other }), ALL)
      const two = await plant(both)
      const before = await everySealed()
      t.is(before.filter(({ sealed }) => sealed.startsWith('v2.k2.')).length, 6)

      const refused = await rotate(next, lost)
      t.is(refused.code, 1)
      t.regex(refused.output, /^Nothing was changed: ENCRYPTION_KEYS does not hold "k1"/)
      t.deepEqual(await everySealed(), before)

      const done = await rotate(next, old)
      t.is(done.code, 0, done.output)
      t.regex(done.output, /channel_secrets {2}"k1" -> "k2" {2}4\n(.*\n)*connect_attempts {2}"k1" -> "k2" {2}1\n/)
      t.regex(done.output, /Nothing is sealed with "k1" any more/)
      const after = await everySealed()
      t.is(after.length, 12)
      t.true(after.every(({ sealed }) => sealed.startsWith('v2.k2.')))

      const again = await rotate(next, old)
      t.is(again.code, 0)
      t.regex(again.output, /^Nothing was sealed anew\./)
      t.deepEqual(await everySealed(), after)

      const alone = createSecretBox([next])
      for (const planted of [one, two]) {
        t.deepEqual(await readable(alone, planted), ALL)
        t.deepEqual(await readable(alone, { ...planted, channelId: planted.other }), ALL)
        const { orgId, tokenHash, memberId } = planted
        const attempt = await unitOfWork(alone).run(orgId, ({ connects }) =>
          connects.take({ tokenHash, memberId, sessionHash: 's', login: 'instagram' }, new Date()),
        )
        t.like(attempt?.accounts?.[0], { token: TOKEN })
      }
      t.is((await rotate(next)).code, 0)
      t.deepEqual(
        await sql("select actor_type, org_id, resource_type from audit_log where action = 'encryption-keys.rotated'"),
        [{ actor_type: 'SYSTEM', org_id: null, resource_type: 'installation' }],
      )
    },
  )

  test.serial(
    `S119: ${profile}: a rotation that dies on the way is taken up again, and one beside a running process overwrites nothing`,
    async (t) => {
      const orm = db.orm()
      const [old, next] = [keyOf('old'), keyOf('new')]
      await sql('truncate channel_secrets, connect_attempts, unsubscriptions')
      const planted = await plant(createSecretBox([old]))
      const ring = createSecretBox([next, old])
      let seals = 0
      const dying: SecretBox = {
        ...ring,
        seal(plaintext, place) {
          if (++seals > 2) throw new Error('killed')
          return ring.seal(plaintext, place)
        },
      }
      await t.throwsAsync(createKeyRotation({ orm, ids, secretBox: dying, batch: 1 }).rotate(), { message: 'killed' })
      t.is((await everySealed()).filter(({ sealed }) => sealed.startsWith('v2.new.')).length, 2)
      t.deepEqual(await readable(ring, planted), ALL)

      // Somebody enters another token after its row was read and before it is written.
      const fresh = ring.seal('entered meanwhile', channelSecretPlace(planted.orgId, planted.other, 'accessToken'))
      await onServer(db.admin, async (client) => {
        await client.query('begin')
        await client.query("update channel_secrets set sealed = $1 where channel_id = $2 and name = 'accessToken'", [
          fresh,
          planted.other,
        ])
        const rotating = createKeyRotation({ orm, ids, secretBox: ring }).rotate()
        await until(
          async () => (await sql("select 1 from pg_locks where locktype = 'transactionid' and not granted")).length > 0,
        )
        await client.query('commit')
        t.is((await rotating).status, 'rotated')
      })
      t.deepEqual(await readable(createSecretBox([next]), { ...planted, channelId: planted.other }), [
        { accessToken: 'entered meanwhile', appSecret: `${TOKEN}-app` },
        { accessToken: TOKEN },
      ])
      t.true((await everySealed()).every(({ sealed }) => sealed.startsWith('v2.new.')))
    },
  )

  test.serial(`S118: ${profile}: no sealed value opens in another row, column, table or organization`, async (t) => {
    await sql('truncate channel_secrets, connect_attempts, unsubscriptions')
    const key = keyOf('k1')
    const box = createSecretBox([key])
    const [one, two] = [await plant(box), await plant(box)]
    const tampered = (error: unknown) => error instanceof SecretBoxError && error.code === 'tampered'
    const values = await everySealed()
    t.is(values.length, 12)
    const at = (place: string) => values.find((value) => value.place === place)?.sealed ?? ''
    const ownToken = at(`secret ${one.channelId}accessToken`)
    const put = (sealed: string) =>
      sql("update channel_secrets set sealed = $1 where channel_id = $2 and name = 'accessToken'", [
        sealed,
        one.channelId,
      ])
    for (const { place, sealed } of values) {
      await put(sealed)
      const read = await readable(box, one).then(
        () => 'read',
        (error) => (tampered(error) ? 'tampered' : error),
      )
      t.is(read, sealed === ownToken ? 'read' : 'tampered', place)
    }
    // A rotation does not make good what is in a wrong place.
    const foreign = at(`secret ${two.channelId}accessToken`)
    await put(foreign)
    const next = keyOf('k2')
    const outcome = await createKeyRotation({ orm: db.orm(), ids, secretBox: createSecretBox([next, key]) }).rotate()
    t.like(outcome, {
      status: 'rotated',
      unreadable: [{ orgId: one.orgId, table: 'channel_secrets', row: `${one.channelId} accessToken` }],
      unused: [],
    })
    t.is((await everySealed()).filter(({ sealed }) => sealed === foreign).length, 1)
    t.like(rotationReport(outcome), { isDone: false })
  })

  test(`${profile}: every column of sealed values is one that a rotation goes through`, async (t) => {
    const found = await sql<{ table_name: string; key: string[] }>(
      `select c.table_name, array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum)) as key
       from information_schema.columns c
       join pg_index i on i.indrelid = c.table_name::regclass and i.indisprimary
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) and a.attname <> 'org_id'
       where c.table_schema = 'public' and c.column_name like '%sealed%' group by 1 order by 1`,
    )
    t.deepEqual(
      SEALED_TABLES.map(({ table, key }) => ({ table_name: table, key: key.map(([name]) => name) })),
      found,
    )
  })
})

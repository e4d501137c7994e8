import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Client, escapeLiteral } from 'pg'
import { connectionConfig, type DatabaseTarget, withDatabase } from '../../src/adapters/persistence/connection.ts'
import { migrate } from '../../src/adapters/persistence/database.ts'
import { scramVerifier } from '../../src/adapters/persistence/scram-verifier.ts'
import { codeOf } from '../../src/adapters/postgres-kit/errors.ts'

const MIGRATIONS = new URL('../../src/adapters/persistence/migrations/', import.meta.url)
const TEMPLATE_LOCK = 7_283_114_902
const STALE_AFTER_MS = 6 * 3_600_000

/** What dc_login is made with on a server that has none; a server that trusts its clients does not ask for it. */
export const TEST_LOGIN_PASSWORD = 'dc-login-of-a-test-server'

const schemaHash = (): string => {
  const hash = createHash('sha256')
  for (const file of readdirSync(MIGRATIONS).sort()) hash.update(file).update(readFileSync(new URL(file, MIGRATIONS)))
  return hash.digest('hex').slice(0, 12)
}

export async function onServer<T>(server: DatabaseTarget, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(connectionConfig(server, { applicationName: 'delightchat-tests' }))
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** An empty, migrated database of its own; copied from a template that the first to come has made. */
export const createTestDatabase = (server: DatabaseTarget): Promise<string> =>
  onServer(server, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
    await dropStale(client)
    const template = `dc_template_${schemaHash()}`
    const { rows } = await client.query<{ done: boolean }>(
      'select datistemplate as done from pg_database where datname = $1',
      [template],
    )
    if (!rows[0]?.done) await makeTemplate(client, server, template, rows.length > 0)
    const name = `dc_test_${Date.now()}_${randomBytes(4).toString('hex')}`
    await client.query(`create database ${name} template ${template}`)
    return name
  })

async function makeTemplate(
  client: Client,
  server: DatabaseTarget,
  template: string,
  halfMade: boolean,
): Promise<void> {
  if (halfMade) await client.query(`drop database ${template} with (force)`)
  await client.query(`create database ${template} template template0`)
  await migrate(withDatabase(server, template), { loginPassword: TEST_LOGIN_PASSWORD })
  await client.query(`alter database ${template} with is_template true allow_connections false`)
}

async function dropStale(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database where datname ~ '^dc_test_\\d+_'`,
  )
  for (const { name } of rows) {
    const madeAt = Number(name.split('_')[2])
    if (Date.now() - madeAt > STALE_AFTER_MS) await client.query(`drop database if exists ${name} with (force)`)
  }
}

/**
 * Whether this server lets dc_login in as tests do. The role belongs to the whole server, and somebody else may have made it
 * there without a password; then it gets ours.
 */
export async function letLoginIn(server: DatabaseTarget, login: DatabaseTarget): Promise<void> {
  try {
    await onServer(login, (client) => client.query('select 1'))
  } catch (error) {
    if (codeOf(error) !== '28P01') throw error
    const verifier = escapeLiteral(scramVerifier(TEST_LOGIN_PASSWORD))
    await onServer(server, (client) => client.query(`alter role dc_login password ${verifier}`))
  }
}

export const dropTestDatabase = (server: DatabaseTarget, name: string): Promise<void> =>
  onServer(server, async (client) => {
    await client.query(`drop database if exists ${name} with (force)`)
  })

import { randomBytes } from 'node:crypto'
import { type DatabaseTarget, withDatabase } from '../../src/adapters/persistence/connection.ts'
import type { TestDatabase } from './database.ts'
import { onServer } from './template.ts'

const PASSWORD = 'owner-of-a-test'

/**
 * An empty database of the same server, and the login it belongs to: one of its own with these attributes (none: no
 * superuser), or with null the server's.
 */
export async function emptyDatabase(db: TestDatabase, attributes: string | null) {
  const name = `dc_test_${Date.now()}_${randomBytes(4).toString('hex')}`
  const owner = attributes === null ? null : `${name}_owner`
  await onServer(db.admin, async (client) => {
    if (owner !== null) await client.query(`create role ${owner} login password '${PASSWORD}' ${attributes}`)
    await client.query(`create database ${name} ${owner === null ? '' : `owner ${owner}`}`)
  })
  const target = withDatabase(db.admin, name)
  return {
    target: owner === null ? target : as(target, owner),
    login: withDatabase(db.target, name),
    async drop() {
      await onServer(db.admin, async (client) => {
        await client.query(`drop database ${name} with (force)`)
        if (owner !== null) await client.query(`drop role ${owner}`)
      })
    },
  }
}

function as(target: DatabaseTarget, user: string): DatabaseTarget {
  if (!('url' in target)) return { ...target, user, password: PASSWORD }
  return { url: Object.assign(new URL(target.url), { username: user, password: PASSWORD }).toString() }
}

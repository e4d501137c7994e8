import { Client } from 'pg'
import { Connection } from 'rabbitmq-client'
import { createClient } from 'redis'

// Prints TEST_…_URL for each server of this machine that answers at its standard place with the login it has by default. For
// .ci/run, whose machine has them for the tests; npm test by itself never looks there.
const patienceMs = 3_000

async function postgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: patienceMs })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
    if (Number(rows[0]?.server_version_num) < 150_000) throw new Error('older than 15')
  } finally {
    await client.end().catch(() => {})
  }
}

async function rabbit(url: string): Promise<void> {
  const connection = new Connection({ url, connectionTimeout: patienceMs })
  connection.on('error', () => {})
  try {
    await connection.onConnect(patienceMs, true)
  } finally {
    connection.unsafeDestroy()
  }
}

async function redis(url: string): Promise<void> {
  const client = createClient({ url, socket: { connectTimeout: patienceMs, reconnectStrategy: false } })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.destroy()
  }
}

const places = [
  { name: 'TEST_DATABASE_URL', url: 'postgres://postgres@127.0.0.1:5432/postgres', ask: postgres },
  { name: 'TEST_RABBITMQ_URL', url: 'amqp://guest:guest@127.0.0.1:5672', ask: rabbit },
  { name: 'TEST_REDIS_URL', url: 'redis://127.0.0.1:6379/15', ask: redis },
]
const answers = await Promise.allSettled(places.map(({ url, ask }) => ask(url)))
for (const [index, { name, url }] of places.entries()) {
  if (answers[index]?.status === 'fulfilled') console.log(`${name}=${url}`)
}

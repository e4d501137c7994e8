import test from 'ava'
import { connectionConfig, databaseNameOf, withDatabase } from '../../../src/adapters/persistence/connection.ts'
import { scramVerifier } from '../../../src/adapters/persistence/scram-verifier.ts'

const url = 'postgres://ann:p%40ss@db.example.com:6432/inbox?sslmode=verify-full'
const socket = { host: '/run/pg', port: 5433, user: 'dc_login', dbName: 'inbox' }

test('an URL reaches the driver as it is, its parameters with it', (t) => {
  t.is(connectionConfig({ url }).connectionString, url)
  t.is(databaseNameOf({ url }), 'inbox')
})

test('a role is put beside what the URL asks for', (t) => {
  const plain = new URL(connectionConfig({ url }, { role: 'dc_app' }).connectionString ?? '')
  t.is(plain.searchParams.get('options'), '-c role=dc_app')
  t.is(plain.searchParams.get('sslmode'), 'verify-full')
  t.is(plain.password, 'p%40ss')
  const both = connectionConfig({ url: `${url}&options=-c%20work_mem%3D8MB` }, { role: 'dc_system' })
  t.is(new URL(both.connectionString ?? '').searchParams.get('options'), '-c work_mem=8MB -c role=dc_system')
})

test("a server's socket is reached by its folder", (t) => {
  t.like(connectionConfig(socket, { role: 'dc_app' }), {
    host: '/run/pg',
    port: 5433,
    user: 'dc_login',
    database: 'inbox',
    options: '-c role=dc_app',
  })
  t.false('options' in connectionConfig(socket))
  t.is(databaseNameOf(socket), 'inbox')
})

test('another database of the same server keeps everything else', (t) => {
  t.deepEqual(withDatabase({ url }, 'other'), { url: url.replace('/inbox?', '/other?') })
  t.deepEqual(withDatabase(socket, 'other'), { ...socket, dbName: 'other' })
})

test('a password is stored as RFC 7677 has it', (t) => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
  t.is(
    scramVerifier('pencil', salt),
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  )
  t.not(scramVerifier('pencil'), scramVerifier('pencil'))
})

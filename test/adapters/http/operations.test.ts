import { readdirSync } from 'node:fs'
import test from 'ava'
import express from 'express'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { mountOperations } from '../../../src/adapters/http/mount.ts'
import { forEverybody, forSignedIn, json, type OperationDeps } from '../../../src/adapters/http/operation.ts'
import { operations } from '../../../src/adapters/http/operations/index.ts'

const contract = loadContract()
const ids = contract.operations.map(({ operationId }) => operationId)
const deps = {
  contract,
  config: { publicUrl: 'http://localhost:3001', exposeDocs: true, production: false },
  secrets: {},
} as unknown as OperationDeps

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

test('every operation of the contract has a handler, and every handler an operation', (t) => {
  t.deepEqual(Object.keys(operations).toSorted(), ids.toSorted())
  t.notThrows(() => mountOperations(express(), operations, deps))
})

test('every operation has a file of its own, named for it', (t) => {
  const files = readdirSync(new URL('../../../src/adapters/http/operations/', import.meta.url))
  t.deepEqual(files.filter((file) => file !== 'index.ts').toSorted(), ids.map((id) => `${kebab(id)}.ts`).toSorted())
})

test('an operation without a handler stops the start', (t) => {
  const { getTicket: _, ...rest } = operations
  t.throws(() => mountOperations(express(), rest, deps), { message: /getTicket has no handler/ })
})

test('a handler that the contract does not know stops the start', (t) => {
  const dropTables = forEverybody(() => () => json(200, {}))
  t.throws(() => mountOperations(express(), { ...operations, dropTables }, deps), {
    message: /dropTables is not in the contract/,
  })
})

test('a handler that is open where the contract asks for a session stops the start', (t) => {
  const getTicket = forEverybody(() => () => json(200, {}))
  t.throws(() => mountOperations(express(), { ...operations, getTicket }, deps), {
    message: /getTicket is for public, the contract says member/,
  })
})

test('a handler that does not know the organization where the contract asks for a permission in one stops the start', (t) => {
  const deleteChannel = forSignedIn(() => () => json(200, {}))
  t.throws(() => mountOperations(express(), { ...operations, deleteChannel }, deps), {
    message: /deleteChannel is for signed-in, the contract says member/,
  })
})

import { readFile } from 'node:fs/promises'
import { NotFound } from '../../../core/errors.ts'
import { contractFile } from '../contract.ts'
import { forEverybody, json } from '../operation.ts'

/** Generated from the contract and beside it; a build may leave it out. */
const file = new URL('postman-collection.json', contractFile)

export const getPostmanCollection = forEverybody(() => async () => {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) throw new NotFound('collection')
  return json(200, JSON.parse(text))
})

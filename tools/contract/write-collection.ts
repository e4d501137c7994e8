import { readFile, writeFile } from 'node:fs/promises'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { makeCollection } from './collection.ts'

// Writes postman-collection.json, or with --check only says whether it is what the contract makes of it.
const file = new URL('../../postman-collection.json', import.meta.url)
const { document, source } = loadContract()
const collection = await makeCollection(document, source)

if (!process.argv.includes('--check')) {
  await writeFile(file, collection)
  console.log('postman-collection.json is written')
} else if ((await readFile(file, 'utf8').catch(() => '')) === collection) {
  console.log('postman-collection.json is what openapi.yaml makes of it')
} else {
  console.error(
    'postman-collection.json is not what openapi.yaml makes of it. Run `npm run postman` in tools/contract.',
  )
  process.exitCode = 1
}

import { readFile } from 'node:fs/promises'
import { run } from 'newman'

// Runs postman-collection.json from top to bottom against the server at BASE_URL.
const baseUrl = process.env['BASE_URL'] ?? 'http://localhost:3001'
const file = new URL('../../postman-collection.json', import.meta.url)
const collection: unknown = JSON.parse(await readFile(file, 'utf8'))

const options = {
  collection,
  envVar: [{ key: 'baseUrl', value: baseUrl.replace(/\/+$/, '') }],
  reporters: [],
  // What comes after a failure would only fail for the lack of what it should have learned.
  bail: true,
  timeoutRequest: 10_000,
  timeoutScript: 10_000,
}
run(options, (error, summary) => {
  if (error) {
    console.error(`The collection did not run against ${baseUrl}: ${error.message}`)
    process.exitCode = 1
    return
  }
  const { failures, stats } = summary.run
  for (const { source, error: failure } of failures) {
    console.error(`FAILED  ${source?.name ?? 'the run'}: ${failure.test ?? failure.name}: ${failure.message}`)
  }
  // A request that got no answer is a failure without being a check.
  const failed = failures.length
  const passed = stats.assertions.total - stats.assertions.failed
  console.log(`${stats.requests.total} requests: ${passed} passed, ${failed} failed, 0 skipped`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}).on('request', (error, { item, request, response }) => {
  const answer = error ? error.message : response?.code
  console.log(`${answer}  ${request.method} ${new URL(request.url.toString()).pathname}  ${item.name}`)
})

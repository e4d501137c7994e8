import { createHash } from 'node:crypto'
import { type ConvertedItem, convertV2 } from 'openapi-to-postmanv2'
import { collectOperations, type DeclaredOperation } from '../../src/adapters/http/contract/declared-operation.ts'
import { needsSession } from '../../src/adapters/http/contract.ts'
import { type Folder, leftOut, type Step, story, variables } from './story.ts'

const name = 'DelightChat backend'
const pollEveryMs = 200
const pollTimes = 50

type Document = Parameters<typeof collectOperations>[0]

/** The Postman collection (format 2.1) as text: the same text for the same contract. */
export async function makeCollection(document: Document, yaml: string): Promise<string> {
  const operations = collectOperations(document)
  const converted = await convert(yaml)
  assertComplete(operations)
  const collection = {
    info: {
      _postman_id: stableId('collection'),
      name,
      description: describe(),
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    item: story.map((folder) => ({
      id: stableId(folder.name),
      name: folder.name,
      description: folder.description,
      item: folder.steps.map((step) => toItem(folder, step, operations, converted)),
    })),
    auth: bearer('accessToken'),
    variable: [
      { key: 'baseUrl', value: document.servers?.[0]?.url ?? '' },
      ...variables.map((key) => ({ key, value: '' })),
    ],
  }
  return `${JSON.stringify(collection, null, 2)}\n`
}

function describe(): string {
  const without = Object.entries(leftOut).map(([operationId, why]) => `\`${operationId}\` is not in it: ${why}.`)
  return [
    'Made from openapi.yaml. Run it from top to bottom against a started server: every request uses what the ones before',
    `it learned. Set \`baseUrl\` if the server is not on its default port. ${without.join(' ')}`,
  ].join(' ')
}

function assertComplete(operations: readonly DeclaredOperation[]): void {
  const told = new Set(story.flatMap((folder) => folder.steps.map((step) => step.operationId)))
  const missing = operations.filter(({ operationId }) => !told.has(operationId) && !(operationId in leftOut))
  if (missing.length > 0) throw new Error(`story.ts lacks ${missing.map(({ operationId }) => operationId).join(', ')}`)
}

/** By method and path, as in `GET /orgs/:orgId/tickets`. */
async function convert(yaml: string): Promise<ReadonlyMap<string, ConvertedItem>> {
  const items = await new Promise<ConvertedItem[]>((resolve, reject) => {
    const options = {
      folderStrategy: 'Tags',
      requestNameSource: 'Fallback',
      parametersResolution: 'Example',
      includeAuthInfoInExample: false,
    }
    convertV2({ type: 'string', data: yaml }, options, (error, { result, reason, output } = { result: false }) => {
      const data = output?.[0]?.data
      if (error || !result || !data) reject(error ?? new Error(reason ?? 'the contract cannot be converted'))
      else resolve(data.item)
    })
  })
  return new Map(
    items
      .flatMap(flatten)
      .flatMap((item) => (item.request ? [[keyOf(item.request.method, item.request.url.path), item]] : [])),
  )
}

const flatten = (item: ConvertedItem): ConvertedItem[] => [item, ...(item.item ?? []).flatMap(flatten)]
const keyOf = (method: string, path: readonly string[]) => `${method.toUpperCase()} /${path.join('/')}`

function toItem(
  folder: Folder,
  step: Step,
  operations: readonly DeclaredOperation[],
  converted: ReadonlyMap<string, ConvertedItem>,
): unknown {
  const operation = operations.find(({ operationId }) => operationId === step.operationId)
  if (!operation) throw new Error(`the contract has no operation ${step.operationId}`)
  const segments = operation.path.split('/').slice(1)
  const item =
    converted.get(keyOf(operation.method, segments)) ?? converted.get(keyOf(operation.method, segments.filter(Boolean)))
  if (!item?.request) throw new Error(`the converter made nothing of ${step.operationId}`)

  const path = segments.map((segment) => {
    if (!segment.startsWith(':')) return segment
    const parameter = segment.slice(1)
    return step.path?.[parameter] ?? `{{${parameter}}}`
  })
  const query = item.request.url.query.map(({ key, value, description }) => ({
    key,
    value: step.query?.[key] ?? value,
    description: description?.content ?? '',
    ...(step.query?.[key] === undefined && { disabled: true }),
  }))
  const sent = query.filter((parameter) => !('disabled' in parameter)).map(({ key, value }) => `${key}=${value}`)
  const raw = `{{baseUrl}}/${path.join('/')}${sent.length > 0 ? `?${sent.join('&')}` : ''}`
  const body = step.body === undefined ? item.request.body?.raw : JSON.stringify(step.body, null, 2)
  const id = `${folder.name}/${step.name}`

  return {
    id: stableId(id),
    name: step.name,
    request: {
      description: item.request.description?.content ?? '',
      auth: authOf(step, operation),
      method: item.request.method,
      header: item.request.header
        .filter(({ key }) => key !== 'Idempotency-Key')
        .map(({ key, value }) => ({ key, value }))
        .concat(Object.entries(step.headers ?? {}).map(([key, value]) => ({ key, value }))),
      url: { raw, host: ['{{baseUrl}}'], path, query },
      ...(body && { body: { mode: 'raw', raw: body, options: { raw: { language: 'json' } } } }),
    },
    event: eventsOf(id, step),
    response: examplesOf(id, item),
  }
}

function authOf(step: Step, operation: DeclaredOperation): unknown {
  if (step.bearer !== undefined) return bearer(step.bearer)
  return needsSession(operation) ? bearer('accessToken') : { type: 'noauth' }
}

function bearer(variable: string): unknown {
  return { type: 'bearer', bearer: [{ key: 'token', value: `{{${variable}}}`, type: 'string' }] }
}

function eventsOf(id: string, step: Step): unknown[] {
  const script = (listen: string, exec: readonly string[]) => ({
    listen,
    script: { id: stableId(`${id}/${listen}`), type: 'text/javascript', exec },
  })
  return [...(step.before ? [script('prerequest', step.before)] : []), script('test', testOf(step))]
}

function testOf(step: Step): readonly string[] {
  const statuses = [step.status].flat()
  const needsAnswer = step.until !== undefined || step.after?.some((line) => /\banswer\b/.test(line))
  const checks = [
    `pm.test('answers ${statuses.join(' or ')}', () => {`,
    `  pm.expect(pm.response.code).to.be.oneOf(${JSON.stringify(statuses)})`,
    '})',
    ...(needsAnswer ? ['const answer = pm.response.json()'] : []),
  ]
  if (step.until === undefined) return [...checks, ...(step.after ?? [])]
  return [
    'const answer = pm.response.json()',
    `const done = pm.response.code === ${statuses[0]} && (${step.until})`,
    "const tries = Number(pm.variables.get('tries') || 0) + 1",
    `if (!done && tries < ${pollTimes}) {`,
    "  pm.collectionVariables.set('tries', tries)",
    `  setTimeout(() => {}, ${pollEveryMs})`,
    '  pm.execution.setNextRequest(pm.info.requestName)',
    '} else {',
    "  pm.collectionVariables.unset('tries')",
    `  pm.test('answers ${statuses.join(' or ')}, after a while with what was awaited', () => {`,
    `    pm.expect(pm.response.code).to.be.oneOf(${JSON.stringify(statuses)})`,
    '    pm.expect(done).to.equal(true)',
    '  })',
    ...(step.after ?? []).map((line) => `  ${line}`),
    '}',
  ]
}

/** Only what a success looks like. The errors are all alike, and explained under /problems. */
function examplesOf(id: string, item: ConvertedItem): unknown[] {
  return (item.response ?? [])
    .filter(({ code, body }) => code < 300 && body)
    .map((response) => ({
      id: stableId(`${id}/${response.code}/${response.name}`),
      name: response.name,
      code: response.code,
      status: response.status,
      header: response.header.filter(({ key }) => key === 'Content-Type').map(({ key, value }) => ({ key, value })),
      body: response.body,
    }))
}

/** Ids that are the same each time: Postman wants some, and the file should only change when its content does. */
function stableId(of: string): string {
  const hex = createHash('sha256').update(`${name}/${of}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

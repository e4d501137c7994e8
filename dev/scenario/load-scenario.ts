import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { LineCounter, parseDocument } from 'yaml'
import { createFaults, type Fault } from '../instagram-simulator/faults.ts'
import { KINDS } from '../instagram-simulator/kinds.ts'
import { type Act, isAct, type Loaded, type Scenario, type Step, THE_ACCOUNT } from './scenario.ts'

export const SCENARIOS = join(import.meta.dirname, '..', 'scenarios')

const schema = JSON.parse(readFileSync(join(SCENARIOS, 'scenario.schema.json'), 'utf8')) as {
  properties: { steps: object }
  definitions: Record<string, object>
}
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strict: false })
ajv.addSchema(schema, 'scenario')
// Steps are told apart by a key: of a `oneOf` nobody can read what is wrong.
const frame = ajv.compile({ ...schema, properties: { ...schema.properties, steps: { type: 'array', minItems: 1 } } })
const STEPS = {
  who: 'act',
  does: 'act',
  together: 'together',
  agent: 'agent',
  fault: 'fault',
  expect: 'expect',
} as const

/** The file is no scenario; every problem is a line `file:line: what is wrong`. */
export class BadScenario extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

type Path = readonly (string | number)[]
type Problem = Readonly<{ path: Path; says: string }>

export function loadScenario(file: string, source = readScenario(file)): Loaded {
  const lineCounter = new LineCounter()
  const document = parseDocument(source, { lineCounter })
  const at = (offset: number): number => lineCounter.linePos(offset).line
  if (document.errors.length > 0) {
    throw new BadScenario(document.errors.map(({ pos, message }) => `${file}:${at(pos[0])}: ${message.split('\n')[0]}`))
  }
  const lineOf = (path: Path): number => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined
      if (node?.range) return at(node.range[0])
    }
    return 1
  }
  const given: unknown = document.toJS()
  const problems = problemsOf(given)
  if (problems.length > 0) {
    throw new BadScenario(problems.map(({ path, says }) => `${file}:${lineOf(path)}: ${says}`))
  }
  const scenario = given as Scenario
  return { scenario, file, lines: scenario.steps.map((_, index) => lineOf(['steps', index])) }
}

function readScenario(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const known = globSync('*.yaml', { cwd: SCENARIOS }).sort().join(', ')
      throw new BadScenario([`There is no file ${file}. In ${relative('', SCENARIOS)} there are ${known}.`])
    }
    throw new BadScenario([
      code === 'EISDIR' ? `${file} is a folder, not a file.` : `${file} cannot be read: ${message}`,
    ])
  }
}

function problemsOf(given: unknown): readonly Problem[] {
  if (!frame(given)) return (frame.errors ?? []).map((error) => problemOf([], error))
  const { steps } = given as unknown as { steps: readonly unknown[] }
  const shapes = steps.flatMap((step, index) => shapeProblems(step, ['steps', index]))
  return shapes.length > 0 ? shapes : meaningProblems(given as unknown as Scenario)
}

function shapeProblems(step: unknown, path: Path): readonly Problem[] {
  const key = typeof step === 'object' && step !== null ? Object.keys(STEPS).find((name) => name in step) : undefined
  if (key === undefined) return [{ path, says: 'a step has one of who, together, agent, fault, expect' }]
  const check = ajv.getSchema(`scenario#/definitions/${STEPS[key as keyof typeof STEPS]}`)
  if (!check) throw new Error(`The schema has no ${key}`)
  return check(step) ? [] : (check.errors ?? []).map((error) => problemOf(path, error))
}

function problemOf(path: Path, { instancePath, keyword, params, message }: ErrorObject): Problem {
  const inside = instancePath
    .split('/')
    .slice(1)
    .map((name) => (/^\d+$/.test(name) ? Number(name) : name.replaceAll('~1', '/').replaceAll('~0', '~')))
  const where = inside.length === 0 ? '' : `${inside.join('.')} `
  const params_ = params as { additionalProperty?: string; allowedValues?: readonly string[] }
  const says =
    keyword === 'additionalProperties'
      ? `${where}there is no "${params_.additionalProperty}" here`
      : keyword === 'enum'
        ? `${where}has to be one of ${params_.allowedValues?.join(', ')}`
        : `${where}${message}`
  const deeper = keyword === 'additionalProperties' ? [params_.additionalProperty ?? ''] : []
  return { path: [...path, ...inside, ...deeper], says }
}

/** What a schema cannot say: that the names in it are those of somebody and something. */
function meaningProblems({ people, steps }: Scenario): readonly Problem[] {
  const problems: Problem[] = []
  const named = new Set<string>()
  const somebody = (name: string | undefined, path: Path): void => {
    if (name !== undefined && !(name in people)) {
      problems.push({ path, says: `there is nobody called "${name}"; there are ${Object.keys(people).join(', ')}` })
    }
  }
  const something = (name: string | undefined, path: Path): void => {
    if (name !== undefined && !named.has(name)) problems.push({ path, says: `no message before this is "${name}"` })
  }
  const anAct = (act: Act, path: Path): void => {
    const kind = Object.hasOwn(KINDS, act.does) ? KINDS[act.does] : undefined
    if (!kind) {
      problems.push({ path: [...path, 'does'], says: `nobody can "${act.does}"; npm run simulate -- --help has all` })
      return
    }
    if (act.who !== THE_ACCOUNT) somebody(act.who, [...path, 'who'])
    else if (kind.of === 'person') problems.push({ path, says: `a person does ${act.does}: name one in "who"` })
    if (/(^|\s)text$/.test(kind.takes) && act.text === undefined)
      problems.push({ path, says: `${act.does} needs a text` })
    if (kind.takes.startsWith('mid') && act.message === undefined && act.with?.mid === undefined)
      problems.push({ path, says: `${act.does} needs the message that is meant` })
    something(act.message, [...path, 'message'])
    something(act.answers, [...path, 'answers'])
    if (act.as !== undefined) named.add(act.as)
  }
  for (const [index, step] of steps.entries()) {
    const path = ['steps', index] as const
    if (isAct(step)) anAct(step, path)
    else if ('together' in step)
      for (const [place, act] of step.together.entries()) anAct(act, [...path, 'together', place])
    else if ('agent' in step) {
      somebody(step.to, [...path, 'to'])
      if (step.agent === 'reply' && step.text === undefined && step.with === undefined)
        problems.push({ path, says: 'a reply needs a text' })
      if (step.as !== undefined) named.add(step.as)
    } else if ('fault' in step) problems.push(...faultProblems(step, path))
    else {
      const { ticket, messages, phone, message } = step.expect
      for (const [what, expected] of Object.entries({ ticket, messages, phone }))
        somebody(expected?.of, [...path, 'expect', what, 'of'])
      something(message?.named, [...path, 'expect', 'message', 'named'])
    }
  }
  return problems
}

function faultProblems(step: Extract<Step, { fault: string }>, path: Path): readonly Problem[] {
  try {
    createFaults().add(
      { kind: step.fault, ...step.with } as Fault,
      step.on === undefined ? {} : { on: step.on as never },
    )
    return []
  } catch (error) {
    return [{ path: [...path, 'fault'], says: (error as Error).message }]
  }
}

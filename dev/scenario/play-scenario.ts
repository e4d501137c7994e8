import { randomUUID } from 'node:crypto'
import { createApi, type Message } from '../demo/api.ts'
import { connectChannel } from '../demo/round-trip.ts'
import type { Fault, Webhook } from '../instagram-simulator/index.ts'
import { type ActionRequest, KINDS } from '../instagram-simulator/kinds.ts'
import { checkExpectations } from './check-expectations.ts'
import { type Act, type AgentStep, isAct, type Loaded, type Step, THE_ACCOUNT } from './scenario.ts'
import { findMessage, findTicket, type Scene, type Stage, until } from './scene.ts'

/** A step did not do what the file says; the message begins with file and line. */
export class ScenarioFailure extends Error {}

const AGES: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Plays the steps in a new organization with an account of its own, through the public API; `tell` gets a line a step. */
export async function playScenario(
  { scenario, lines, file }: Loaded,
  stage: Stage,
  tell: (line: string) => void = () => {},
): Promise<void> {
  const api = createApi(stage.url)
  const email = `${randomUUID()}@scenario.example`
  await api.signUp({ orgName: scenario.account?.name ?? 'A shop', name: 'Alex Agent', email, password: randomUUID() })
  const { account } = await connectChannel({ ...stage, api }, scenario.account ?? {}, scenario.channel)
  const people = Object.entries(scenario.people).map(
    ([name, { username = name, name: fullName }]) =>
      [name, stage.simulator.customer({ account, username, ...(fullName ? { name: fullName } : {}) })] as const,
  )
  const scene: Scene = { stage, api, account, people: new Map(people), named: new Map() }
  for (const [index, step] of scenario.steps.entries()) {
    try {
      tell(await playStep(scene, step))
    } catch (error) {
      throw new ScenarioFailure(`${file}:${lines[index]}: ${(error as Error).message}`)
    }
  }
}

async function playStep(scene: Scene, step: Step): Promise<string> {
  if (isAct(step)) {
    const webhook = await act(scene, step)
    await arrived(scene, step, webhook)
    return shown(step)
  }
  if ('together' in step) {
    const held: Webhook[] = []
    for (const one of step.together) held.push(await act(scene, one, true))
    delivered(await scene.stage.simulator.batch(held))
    for (const [place, one] of step.together.entries()) if (held[place]) await arrived(scene, one, held[place])
    return `in one delivery: ${step.together.map(shown).join('; ')}`
  }
  if ('agent' in step) return agent(scene, step)
  if ('fault' in step) {
    const scope = { account: scene.account.id, ...(step.times === undefined ? {} : { times: step.times }) }
    const on = step.on === undefined ? {} : { on: step.on as never }
    scene.stage.simulator.fault({ kind: step.fault, ...step.with } as Fault, { ...scope, ...on })
    return `from here on: ${step.fault}${step.on ? ` on ${step.on}` : ''}`
  }
  return `as expected: ${(await checkExpectations(scene, step.expect)).join(', ')}`
}

/** What somebody does on Instagram; unless it is held, its webhook has been taken. */
async function act(scene: Scene, step: Act, hold = false): Promise<Webhook> {
  const { stage, account, people, named } = scene
  const mid = step.message === undefined ? undefined : named.get(step.message)?.mid
  const answers = step.answers === undefined ? undefined : named.get(step.answers)?.mid
  const from = step.who === THE_ACCOUNT ? undefined : people.get(step.who)?.id
  const isAnswer = step.does === 'comment' || step.does === 'own-comment'
  const request: ActionRequest = {
    ...step.with,
    action: step.does,
    account: account.id,
    ...(from === undefined ? {} : { from }),
    ...(step.text === undefined ? {} : { text: step.text }),
    ...(mid === undefined ? {} : { mid }),
    ...(answers === undefined ? {} : isAnswer ? { parentId: answers } : { replyTo: answers }),
  }
  const webhook = await stage.simulator.perform(request, {
    hold,
    ...(step.ago === undefined ? {} : { at: new Date(Date.now() - ageMs(step.ago)) }),
  })
  if (step.as !== undefined && webhook.mid !== null) {
    named.set(step.as, { mid: webhook.mid, of: step.who === THE_ACCOUNT ? null : step.who })
  }
  if (!hold) delivered(webhook)
  return webhook
}

function delivered({ status, attempts }: Webhook): void {
  // Without an attempt a fault holds it back.
  if (attempts.length === 0 || status === 200) return
  const { answer = '', error } = attempts.at(-1) ?? {}
  throw new Error(`the webhook was not taken: ${error ?? `${status} ${answer.slice(0, 200)}`}`)
}

async function arrived(scene: Scene, { who, does, becomes }: Act, { mid }: Webhook): Promise<void> {
  if (becomes === undefined) return
  await until(scene, `the ${does} of ${who} as ${becomes}`, async () => {
    const found = await findMessage(scene, who, mid)
    if (found && found.kind !== becomes) throw new Error(`the ${does} of ${who} is there as ${found.kind}`)
    return found
  })
}

async function agent(scene: Scene, step: AgentStep): Promise<string> {
  const { api, named } = scene
  const { agent: does, to, ticket: kind = 'DM', refused, until: wanted = 'SENT' } = step
  const ticket = await until(scene, `the ${kind} ticket of ${to}`, () => findTicket(scene, to, kind))
  if (does !== 'reply') {
    const status = does === 'resolve' ? 'RESOLVED' : 'OPEN'
    const { status: code, body } = await api.ask('PATCH', `/tickets/${ticket.id}`, { status })
    return answered(step, code, body, `the agent ${does === 'resolve' ? 'resolves' : 'reopens'} #${ticket.number}`)
  }
  const content = { ...(step.text === undefined ? {} : { content: step.text }), ...step.with }
  const { status, body } = await api.ask<Message>('POST', `/tickets/${ticket.id}/messages`, content)
  const said = answered(step, status, body, `the agent answers ${to}: “${step.text ?? JSON.stringify(step.with)}”`)
  if (refused !== undefined) return said
  const message = await until(scene, `the reply to be ${wanted}`, async () => {
    const now = await api.message(ticket.id, body.id)
    if (now.status === 'FAILED' && wanted !== 'FAILED') {
      throw new Error(`the reply FAILED: ${now.failure?.title} (${now.failure?.detail})`)
    }
    return now.status === wanted ? now : null
  })
  if (step.as !== undefined) {
    named.set(step.as, { mid: message.externalId ?? '', of: to, message: { ...message, ticketId: ticket.id } })
  }
  return `${said} ${message.status}`
}

function answered(
  { refused }: AgentStep,
  status: number,
  body: { code?: string; detail?: string },
  says: string,
): string {
  if (refused === undefined) {
    if (status < 400) return says
    throw new Error(`${says}: ${status} ${body.code}: ${body.detail}`)
  }
  if (body.code === refused) return `${says}, and is refused: ${status} ${refused}`
  throw new Error(`${says}: ${status} ${body.code ?? 'taken'}, not refused as ${refused}`)
}

const ageMs = (ago: string): number => {
  const [, count = '0', unit = 's'] = /^(\d+) ?(\w+)$/.exec(ago) ?? []
  return Number(count) * (AGES[unit] ?? 0)
}

const shown = ({ who, does, text, message, ago }: Act): string => {
  const of = message === undefined ? '' : ` (${message})`
  const words = text === undefined ? '' : ` “${text}”`
  const kind = KINDS[does]
  const by =
    kind?.of === 'account'
      ? THE_ACCOUNT
      : kind?.byAccount
        ? `${THE_ACCOUNT}${who === THE_ACCOUNT ? '' : ` to ${who}`}`
        : who
  return `${by}: ${does}${of}${words}${ago === undefined ? '' : `, ${ago} ago`}`
}

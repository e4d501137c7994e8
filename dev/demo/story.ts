import { join } from 'node:path'
import type { InstagramSimulator, SimulatedCustomer, Webhook } from '../instagram-simulator/index.ts'
import { loadScenario, SCENARIOS } from '../scenario/load-scenario.ts'
import { isAct } from '../scenario/scenario.ts'
import { DemoFailure } from './demo-failure.ts'

/** What the demo plays: the tests play the same file. */
const { scenario } = loadScenario(join(SCENARIOS, 'demo.yaml'))

export const SHOP = { username: 'shop', name: 'A shop', ...scenario.account }
export const AGENT = { orgName: SHOP.name, name: 'Alex Agent', email: 'demo@acme-outdoor.example' }

export type Act = Readonly<{
  username: string
  name: string
  /** For people. */
  what: string
  said: string
  /** What the API has to call it. */
  kind: string
  act(simulator: InstagramSimulator, who: SimulatedCustomer): Promise<Webhook>
}>

/** Kinds whose name is not what people call it. */
const WORDS: Readonly<Record<string, string>> = { dm: 'direct message' }
const SHOWN: Readonly<Record<string, string>> = { image: '[a photo]' }

/** What each of them does, in the order of the file. The first one gets an answer. */
export const STORY: readonly Act[] = scenario.steps.filter(isAct).map((step) => {
  const { username = step.who, name = step.who } = scenario.people[step.who] ?? {}
  const { does, text, becomes, with: more } = step
  return {
    username,
    name,
    what: WORDS[does] ?? does.replaceAll('-', ' '),
    said: text ?? SHOWN[does] ?? `[${does}]`,
    kind: becomes ?? 'TEXT',
    act: (simulator, who) =>
      simulator.perform({ ...more, action: does, account: who.account.id, from: who.id, ...(text ? { text } : {}) }),
  }
})

export const ANSWER = answerOf(scenario)

function answerOf({ steps }: typeof scenario): string {
  for (const step of steps) if ('agent' in step && step.text !== undefined) return step.text
  throw new DemoFailure('Nobody answers in dev/scenarios/demo.yaml.')
}

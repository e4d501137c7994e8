import type { Actions } from './actions.ts'
import type { Fault, FaultScope, Faults } from './faults.ts'
import { type Answer, type Call, jsonObject, string } from './http.ts'
import { aboutAccount, aboutCustomer, type Ledger } from './ledger.ts'
import { type ActionRequest, perform } from './perform.ts'
import type { AccountOptions, CustomerOptions, SimulatedCustomer, Webhook } from './types.ts'
import type { World } from './world.ts'

export const CONTROL_PATH = '/_simulator'

type Controlled = Readonly<{ world: World; actions: Actions; faults: Faults; ledger: () => Ledger }>

const ok = (body: unknown): Answer => ({ status: 200, body })
const wrong = (status: number, error: string): Answer => ({ status, body: { error } })

/** Drives the simulator from another process. Meta has nothing like it. */
export async function answerControl(controlled: Controlled, call: Call): Promise<Answer> {
  const { world, faults, actions } = controlled
  const [what = '', id, ...rest] = call.url.pathname.slice(CONTROL_PATH.length).split('/').filter(Boolean)
  const body = jsonObject(call.body)
  // A page in a browser cannot send this type to another origin, so no web site can drive the simulator.
  if (call.method === 'POST' && (!body || !/^application\/json\b/.test(call.headers['content-type'] ?? ''))) {
    return wrong(400, 'Send a JSON object with Content-Type: application/json')
  }
  try {
    if (rest.length > 0) return wrong(404, 'There is nothing here')
    switch (`${call.method} ${what}${id === undefined ? '' : '/:id'}`) {
      case 'GET ':
        return ok({ simulator: 'instagram', accounts: [...world.accounts.values()].map(aboutAccount) })
      case 'POST actions':
        return ok(aboutWebhook(await perform(world, actions, body as unknown as ActionRequest)))
      case 'GET phones/:id':
        return ok(aboutPhone(world, world.known(decodeURIComponent(id ?? ''))))
      case 'GET customers':
        return ok({ customers: [...world.customers.values()].map(aboutCustomer) })
      case 'POST customers':
        return ok(aboutCustomer(world.customer(customerOptions(world, body))))
      case 'POST accounts':
        return ok(aboutAccount(world.account((body ?? {}) as AccountOptions)))
      case 'POST faults': {
        const { on, account, times, ...fault } = body as unknown as Fault & FaultScope
        faults.add(fault as Fault, JSON.parse(JSON.stringify({ on, account, times })) as FaultScope)
        return ok({ waiting: faults.left() })
      }
      case 'GET faults':
        return ok({ faults: faults.list() })
      case 'GET ledger':
        return ok(controlled.ledger())
      case 'POST revocations':
        world.tokens.revoke(world.theAccount(string(body?.['account']) ?? undefined))
        return ok({ revoked: true })
      case 'DELETE faults':
        faults.clear()
        return ok({ waiting: 0 })
      default:
        return wrong(404, 'There is nothing here')
    }
  } catch (error) {
    return wrong(400, (error as Error).message)
  }
}

/** The bubbles, what the account shows besides, and what it answered below this person's comments. */
const aboutPhone = (world: World, who: SimulatedCustomer) => ({
  account: who.account.name,
  customer: who.name ?? who.username,
  messages: world.phone(who),
  ...world.signs(who),
  publicReplies: [...world.comments.values()]
    .filter(({ customer }) => customer === who)
    .flatMap(({ id, replies }) => replies.map(({ text, at }) => ({ mid: id, text, at }))),
})

const customerOptions = (world: World, body: Record<string, unknown> | null): CustomerOptions => {
  const { account, ...rest } = (body ?? {}) as { account?: string } & Omit<CustomerOptions, 'account'>
  return { ...rest, account: world.theAccount(account) }
}

const aboutWebhook = ({ id, mid, status, account, customer, attempts }: Webhook) => ({
  id,
  mid,
  status,
  url: attempts.at(-1)?.url ?? null,
  answer: attempts.at(-1)?.answer ?? '',
  error: attempts.at(-1)?.error ?? null,
  account: account.id,
  customer: customer && aboutCustomer(customer),
})

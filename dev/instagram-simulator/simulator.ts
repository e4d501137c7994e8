import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Actions, createActions } from './actions.ts'
import { answerControl, CONTROL_PATH } from './control.ts'
import { createFaults, type Fault, type FaultScope } from './faults.ts'
import type { Reach } from './fetch-media.ts'
import { answerGraph } from './graph-api.ts'
import { type Answer, readCall, sendAnswer } from './http.ts'
import { ledgerOf } from './ledger.ts'
import { type ActionRequest, perform } from './perform.ts'
import { createPostOffice } from './post-office.ts'
import type { Gesture, GraphCall, PhoneMessage, SimulatedAccount, SimulatedCustomer } from './types.ts'
import { createWatch } from './watch.ts'
import { createWorld } from './world.ts'

export type SimulatorOptions = Readonly<{
  /** 0, the default, takes a free one. */
  port?: number
  /** Decides event times, windows and token lifetimes. */
  clock?: () => Date
  /** How long a webhook may take; Meta's own budget is 5 s. */
  webhookTimeoutMs?: number
  /** A webhook that is not answered with 200 comes again after each of these, as Meta's do; not at all by default. */
  webhookRetryAfterMs?: readonly number[]
  /** Between the answer to a send and its echo. */
  echoDelayMs?: number
  /** How to reach what the business sends; without it addresses of media are not fetched. */
  reach?: Reach
}>

export type InstagramSimulator = Awaited<ReturnType<typeof createInstagramSimulator>>

/** Meta's side of the wire: Graph API, login and signed webhooks, on a port of its own on loopback. */
export async function createInstagramSimulator(options: SimulatorOptions = {}) {
  const watch = createWatch()
  const world = createWorld(options.clock ?? (() => new Date()), watch.changed)
  const faults = createFaults()
  const office = createPostOffice(
    options.webhookTimeoutMs ?? 10_000,
    watch.changed,
    faults,
    options.webhookRetryAfterMs,
  )
  const actions: Actions = createActions(world, office)
  const sending = { world, actions, faults, echoDelayMs: options.echoDelayMs ?? 10, reach: options.reach ?? null }
  const calls: GraphCall[] = []

  const ledger = () => ledgerOf(world, office.sent, calls)

  async function answer(request: IncomingMessage): Promise<Answer> {
    const call = await readCall(request)
    const path = call.url.pathname
    if (path === CONTROL_PATH || path.startsWith(`${CONTROL_PATH}/`)) return answerControl({ ...sending, ledger }, call)
    const at = world.now()
    const { accountId, route, ...graphAnswer } = await answerGraph(sending, call)
    const status = graphAnswer.instead ? null : graphAnswer.status
    calls.push({ method: call.method, path, route, accountId, status, at })
    watch.changed()
    return graphAnswer
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      sendAnswer(response, await answer(request))
    } catch (error) {
      sendAnswer(response, { status: 500, body: { error: { message: String(error), code: 1 } } })
    }
  }

  const server = createServer(handle)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    /** Base URL for either Graph host. */
    url,
    ...actions,
    account: world.account,
    customer: world.customer,
    /** What the customer's phone shows, in the order it got there: what they wrote and every copy of what they received. */
    phone: (who: SimulatedCustomer): readonly PhoneMessage[] => world.phone(who),
    /** The same without what they wrote themselves. */
    received: (who: SimulatedCustomer): readonly PhoneMessage[] =>
      world.phone(who).filter(({ from }) => from === 'business'),
    /** What stands under a comment of the account's own answers. */
    answersTo: (comment: string) => world.comments.get(comment)?.replies ?? [],
    /** The next call that fits goes wrong so; faults wait in order. */
    fault: (fault: Fault, scope?: FaultScope): void => faults.add(fault, scope),
    clearFaults: faults.clear,
    /** From now on every call with the account's token answers 190. */
    revokeTokens: (account: SimulatedAccount): void => world.tokens.revoke(account),
    /** A token of the account's, long-lived, of somebody who left all but these permissions off. */
    tokenWith: (account: SimulatedAccount, scopes: readonly string[]): string =>
      world.tokens.issue(account, 'long', { scopes }),
    /** What the browser would bring back from the login page. */
    authorizationCode: (account: SimulatedAccount): string => world.tokens.newCode(account, null),
    /** What the account is subscribed to for its app; null: nothing. */
    subscriptions: (account: SimulatedAccount): readonly string[] | null => world.subscriptions.get(account.id) ?? null,
    /** Every webhook so far, and the same bytes once more. */
    webhooks: office.sent as readonly (typeof office.sent)[number][],
    deliver: office.deliver,
    calls: calls as readonly GraphCall[],
    /** All of it as one document: phones, webhooks with what they were answered, calls. Also `GET /_simulator/ledger`. */
    ledger,
    /** An action by its name, as on the command line; `hold` only makes the webhook. */
    perform: (request: ActionRequest, more?: { hold?: boolean; at?: Date }) => perform(world, actions, request, more),
    waitFor: watch.waitFor,
    /** Told of every new bubble on anybody's phone. */
    onBubble: (listener: (who: SimulatedCustomer, message: PhoneMessage) => void): void => {
      world.listeners.push(listener)
    },
    /** Told of what a business does that is no bubble, and of the message or comment that it is about. */
    onGesture: (listener: (who: SimulatedCustomer, gesture: Gesture, about: PhoneMessage | null) => void): void => {
      world.gestureListeners.push(listener)
    },
    /** Nothing is left running: no server, no connection, no webhook under way. */
    async close(): Promise<void> {
      watch.close()
      server.close()
      server.closeAllConnections()
      await office.close()
    },
  }
}

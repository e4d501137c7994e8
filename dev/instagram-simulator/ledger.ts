import type { GraphCall, PhoneMessage, SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import type { World } from './world.ts'

export type Ledger = ReturnType<typeof ledgerOf>

/** All that happened so far, without secrets: the ground truth a service is measured against. */
export const ledgerOf = (world: World, webhooks: readonly Webhook[], calls: readonly GraphCall[]) => ({
  accounts: [...world.accounts.values()].map(aboutAccount),
  /** What each customer's phone shows, every copy of it. */
  phones: [...world.customers.values()].map((customer) => ({
    ...aboutCustomer(customer),
    messages: [...world.phone(customer)] as readonly PhoneMessage[],
    ...world.signs(customer),
  })),
  /** Under the account's posts: what it answered there, and what it did with each comment. */
  comments: [...world.comments.values()].map(({ id, customer, hidden, deleted, replies }) => ({
    id,
    customer: customer.id,
    hidden,
    deleted,
    replies: [...replies],
  })),
  /** What was sent and what each attempt was answered. One that was lost on its way has no attempt. */
  webhooks: webhooks.map(({ id, account, customer, mid, body, status, attempts }) => ({
    id,
    account: account.id,
    customer: customer?.id ?? null,
    mid,
    body: body.toString(),
    status,
    attempts: [...attempts],
  })),
  calls: [...calls],
})

export const aboutAccount = ({ accessToken: _token, appSecret: _secret, ...account }: SimulatedAccount) => account
export const aboutCustomer = ({ account, ...customer }: SimulatedCustomer) => ({ ...customer, account: account.id })

import pg from 'pg'
import { compose } from '../../src/composition.ts'
import type { RawDelivery } from '../../src/ports/webhook-intake.ts'
import { onOrder } from '../on-order.ts'
import { configOf, type Environment, quietLog } from '../site.ts'
import type { Statement } from './transcript.ts'

export type RecorderOrder = Readonly<{ environment: Environment; deliveries: readonly RawDelivery[] }>

/** The statements of each delivery's transaction, in the order of the deliveries. */
export type Recorded = readonly (readonly Statement[])[]

type Asked = Readonly<{ client: object; statement: Statement }>

/** Every statement that goes through `pg` from now on, whoever asks. */
function listen(): { take(): readonly Asked[] } {
  let asked: Asked[] = []
  const { query } = pg.Client.prototype
  const listening = function (this: pg.Client, ...args: readonly unknown[]): unknown {
    asked.push({ client: this, statement: statementOf(args) })
    return Reflect.apply(query, this, args)
  }
  pg.Client.prototype.query = listening as typeof query
  return {
    take() {
      const taken = asked
      asked = []
      return taken
    },
  }
}

function statementOf([first, second]: readonly unknown[]): Statement {
  const { text, name, values } =
    typeof first === 'string' ? { text: first, name: undefined, values: second } : (first as pg.QueryConfig)
  return { text, values: Array.isArray(values) ? values : [], ...(name === undefined ? {} : { name }) }
}

function transactionIn(asked: readonly Asked[]): readonly Statement[] {
  const begin = asked.findIndex(({ statement }) => /^begin\b/i.test(statement.text))
  const own = asked.slice(begin).filter(({ client }) => client === asked[begin]?.client)
  const commit = own.findIndex(({ statement }) => /^commit\b/i.test(statement.text))
  if (begin === -1 || commit === -1) throw new Error('a delivery made no transaction')
  return own.slice(0, commit + 1).map(({ statement }) => statement)
}

async function record({ environment, deliveries }: RecorderOrder): Promise<Recorded> {
  // Before any connection is made: the pool keeps the function that a new one has.
  const heard = listen()
  const { core, close } = await compose({ ...configOf(environment, 'inbound'), log: quietLog })
  try {
    const transactions: (readonly Statement[])[] = []
    for (const delivery of deliveries) {
      heard.take()
      await core.receiveWebhooks([delivery])
      transactions.push(transactionIn(heard.take()))
    }
    return transactions
  } finally {
    await close()
  }
}

onOrder(record)

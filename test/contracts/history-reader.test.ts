import test, { type ExecutionContext } from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { createInstagramChannel } from '../../src/adapters/instagram/channel.ts'
import type { ExternalAccountId, ExternalMessageId, ExternalUserId } from '../../src/core/ids.ts'
import { account as anAccount } from '../adapters/instagram/graph-server.ts'
import { FakeHistory } from '../fakes/fake-history.ts'
import { type HistoryUnderTest, historyReaderContract } from './history-reader.contract.ts'

/** A second for each message, so that none is of the same time as another. */
function risingClock() {
  let now = Date.UTC(2026, 5, 1, 12)
  return () => {
    now += 1_000
    return new Date(now)
  }
}

historyReaderContract(test, {
  name: 'in memory',
  async make() {
    const history = new FakeHistory()
    const clock = risingClock()
    let count = 0
    return {
      history,
      account: anAccount(),
      aPerson: async () => `person-${++count}` as ExternalUserId,
      async write(externalId, author, text) {
        const id = `message-${++count}` as ExternalMessageId
        history.messages.push({
          externalId: id,
          author,
          text,
          at: clock(),
          kind: 'TEXT',
          attachments: [],
          context: null,
          replyToExternalId: null,
          person: { externalId, username: null, name: null },
        })
        return id
      },
      async takeBack(_, id) {
        history.messages.splice(
          history.messages.findIndex(({ externalId }) => externalId === id),
          1,
        )
      },
    }
  },
})

for (const login of ['instagram', 'facebook'] as const) {
  historyReaderContract(test, {
    name: `Instagram (${login} login)`,
    async make(t: ExecutionContext): Promise<HistoryUnderTest> {
      const simulator = await createInstagramSimulator({ clock: risingClock() })
      t.teardown(simulator.close)
      const meta = simulator.account({ login })
      const config = { graphUrl: simulator.url, facebookGraphUrl: `${simulator.url}/graph.facebook.com` }
      const { history } = createInstagramChannel({ ...config, graphVersion: 'v26.0', sendTimeoutMs: 5_000 }, { fetch })
      if (!history) throw new Error('Instagram tells of what was written before')
      const settings = { login, pageId: meta.id, ...(login === 'facebook' ? { facebookPageId: meta.pageId } : {}) }
      const personOf = (id: ExternalUserId) => simulator.customer({ id })
      const hold = { hold: true } as const
      return {
        history,
        account: {
          ...anAccount({ settings, secrets: { accessToken: meta.accessToken } }),
          account: meta.id as ExternalAccountId,
        },
        aPerson: async () => simulator.customer().id as ExternalUserId,
        async write(person, author, text) {
          const { mid } =
            author === 'CUSTOMER'
              ? await simulator.dm(personOf(person), text, hold)
              : await simulator.typedOnPhone(personOf(person), text, hold)
          return mid as ExternalMessageId
        },
        async takeBack(person, message) {
          await simulator.unsend(personOf(person), message, hold)
        },
      }
    },
  })
}

import test from 'ava'
import { channelWarnings } from '../../src/core/channel/channel-warnings.ts'
import type { OrgId } from '../../src/core/ids.ts'
import type { ChannelAdapter } from '../../src/ports/channel-adapter.ts'
import { aChannelView } from '../fakes/fake-views.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute))
const network = { profiles: {} } as Pick<ChannelAdapter, 'profiles'>
const UNCHECKED = ['credentials-not-checked']

type Proof = Readonly<{ isBound?: boolean; doubted?: number; proven?: number; sent?: number }>

const shown = ({ isBound = false, doubted, proven, sent }: Proof) => {
  const time = (minute: number | undefined) => (minute === undefined ? null : at(minute))
  const view = aChannelView('an organization' as OrgId, { isBound })
  const proof = { doubtedAt: time(doubted), provenAt: time(proven) }
  return { ...view, proof, health: { ...view.health, lastOutboundAt: time(sent) } }
}

for (const [title, proof, warnings] of [
  ['nothing is known', {}, UNCHECKED],
  ['connected by login', { isBound: true }, []],
  ['a reply went out', { sent: 1 }, []],
  ['the doctor saw them accepted', { proven: 1 }, []],
  ['changed by hand after a reply and the doctor', { sent: 1, proven: 2, doubted: 3 }, UNCHECKED],
  ['a reply after the change', { sent: 3, proven: 1, doubted: 2 }, []],
  ['the doctor after the change', { sent: 1, proven: 3, doubted: 2 }, []],
] as const satisfies readonly (readonly [string, Proof, readonly string[]])[]) {
  test(`credentials: ${title}`, (t) => t.deepEqual(channelWarnings(shown(proof), network), warnings))
}

test('nothing is to be checked of a deleted channel, or where no platform is asked', (t) => {
  t.deepEqual(channelWarnings({ ...shown({}), status: 'DISCONNECTED' }, network), [])
  t.deepEqual(channelWarnings(shown({}), {}), [])
  t.deepEqual(channelWarnings(shown({}), null), [])
})

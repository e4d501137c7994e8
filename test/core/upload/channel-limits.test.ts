import test from 'ava'
import type { Actor } from '../../../src/core/actor.ts'
import { NOTHING, type SurfaceCapabilities } from '../../../src/core/channel/capabilities.ts'
import type { ChannelId, TicketId } from '../../../src/core/ids.ts'
import { checkLimits, limitsOf } from '../../../src/core/upload/channel-limits.ts'
import { KINDS } from '../../../src/core/upload/file-kinds.ts'
import type { CorePorts } from '../../../src/ports/core-ports.ts'

const actor = { orgId: 'an organization' } as unknown as Actor
const images = (maxBytes: number, contentTypes = ['image/png']): SurfaceCapabilities => ({
  ...NOTHING,
  attachments: { maxCount: 1, types: [{ type: 'IMAGE', contentTypes, extensions: null, maxBytes }] },
})

/** A channel that takes small pictures in direct messages, larger ones under mentions, and none under comments. */
const ports = {
  channelAccounts: { load: async (_: unknown, id: string) => (id === 'known' ? { type: 'X', settings: {} } : null) },
  channelRegistry: {
    get: () => ({ capabilities: { surfaces: { DM: images(1_000), COMMENT: NOTHING, MENTION: images(5_000) } } }),
  },
  unitOfWork: {
    run: async (_: unknown, work: (stores: unknown) => unknown) =>
      work({ sends: { target: async (ticketId: string) => ({ channelId: 'known', surface: ticketId }) } }),
  },
} as unknown as CorePorts

const onTicket = (surface: string) => limitsOf(ports, actor, { ticketId: surface as TicketId })
const onChannel = (id: string) => limitsOf(ports, actor, { channelId: id as ChannelId })

test('a ticket’s limits are those of its surface', async (t) => {
  const limits = await onTicket('DM')
  t.notThrows(() => checkLimits(limits, KINDS.png, 1_000))
  t.like(
    t.throws(() => checkLimits(limits, KINDS.png, 1_001)),
    {
      code: 'attachment-too-large',
      extra: { actualBytes: 1_001, maxBytes: 1_000 },
    },
  )
  t.like(
    t.throws(() => checkLimits(limits, KINDS.jpeg, 10)),
    { code: 'attachment-unsupported' },
  )
  t.like(
    t.throws(() => checkLimits(limits, KINDS.pdf, 10)),
    { code: 'attachment-unsupported' },
  )
  t.like(await t.throwsAsync(onTicket('COMMENT')), { code: 'capability-missing' })
})

test('a channel’s limits are the widest of its surfaces, since any may be meant', async (t) => {
  const limits = await onChannel('known')
  t.notThrows(() => checkLimits(limits, KINDS.png, 5_000))
  t.like(
    t.throws(() => checkLimits(limits, KINDS.png, 5_001)),
    { code: 'attachment-too-large' },
  )
  t.like(await t.throwsAsync(onChannel('never')), { code: 'not-found' })
})

test('a file that nobody says the channel of has no limits of one', async (t) => {
  t.is(await limitsOf(ports, actor, null), null)
  t.notThrows(() => checkLimits(null, KINDS.pdf, 10 ** 9))
})

import test from 'ava'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { EXPECTED } from './expected-events.ts'
import { eventsOf, fixture, fixtureNames, parseOptions } from './fixtures.ts'

const parse = (name: string) => instagramParser.parse(fixture(name), parseOptions())

test('every fixture has an expectation, and every expectation a fixture', (t) => {
  t.deepEqual([...fixtureNames].sort(), Object.keys(EXPECTED).sort())
})

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`${name} becomes exactly its events`, (t) => {
    t.deepEqual(eventsOf(parse(name)), expected as readonly InboundEvent[])
  })
}

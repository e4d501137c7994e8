import test from 'ava'
import { createSettingsValidator } from '../../src/adapters/settings-validator.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['secret', 'a/b'],
  properties: {
    secret: { type: 'string', minLength: 16 },
    'a/b': { type: 'string' },
    site: { type: 'string', format: 'uri' },
    login: { enum: ['one', 'two'] },
    tags: { type: 'array', maxItems: 1, items: { type: 'string' } },
  },
}
const problemsOf = (config: unknown) =>
  createSettingsValidator()
    .validate('PIGEON', schema, config)
    .map(({ in: part, pointer, code, detail }) => `${part} ${pointer} ${code}: ${detail}`)
    .toSorted()

test('settings that are wrong are told in the words and codes of any other field', (t) => {
  t.deepEqual(problemsOf({ secret: 'short', site: 'nowhere', login: 'three', tags: ['x', 7], ring: 1 }), [
    'body /config/a~1b required: is required',
    'body /config/login enum: must be one of one, two',
    'body /config/ring unknown: is not a known setting of this channel type',
    'body /config/secret too-short: must have at least 16 characters',
    'body /config/site format: must be a valid uri',
    'body /config/tags too-many: must have at most 1 item',
    'body /config/tags/1 type: must be a string',
  ])
  t.deepEqual(problemsOf({ secret: 'long enough to be one', 'a/b': 'x' }), [])
  t.deepEqual(problemsOf(7), ['body /config type: must be an object'])
})

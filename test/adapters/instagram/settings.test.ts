import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import test from 'ava'
import { instagramSettings } from '../../../src/adapters/instagram/settings.ts'

const ajv = new Ajv2020({ strict: false })
;(addFormatsModule as unknown as (ajv: Ajv2020) => void)(ajv)
const takes = ajv.compile(instagramSettings.schema)

test('only the account is required: secrets can come later or from the installation', (t) => {
  t.true(takes({ pageId: '17841455500000011' }))
  t.true(takes({ pageId: 'x'.repeat(64), login: 'facebook', facebookPageId: '104000000000077' }))
  t.false(takes({ accessToken: 'x' }))
})

test('what cannot be meant is refused', (t) => {
  const wrong = [
    { pageId: '' },
    { pageId: 'two words' },
    { pageId: 'x'.repeat(65) },
    { pageId: 17 },
    { accessToken: '' },
    { accessToken: 'two words' },
    { appSecret: '' },
    { webhookVerifyToken: '' },
    { webhookUrl: 'javascript:alert(1)' },
    { webhookUrl: 'not a url' },
    { login: 'threads' },
    { secret: 'x' },
  ]
  for (const setting of wrong) t.false(takes({ pageId: '1', ...setting }), JSON.stringify(setting))
})

test('secrets are marked, and the installation may supply the token', (t) => {
  const { properties } = instagramSettings.schema as { properties: Record<string, Record<string, unknown>> }
  const secrets = Object.keys(properties).filter((setting) => properties[setting]?.['x-secret'] === true)
  t.deepEqual(secrets.sort(), ['accessToken', 'appSecret', 'previousAppSecret', 'webhookVerifyToken'])
  t.is(properties['accessToken']?.['x-installation-default'], 'INSTAGRAM_API_KEY')
})

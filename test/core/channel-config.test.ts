import test from 'ava'
import { instagramSettings } from '../../src/adapters/instagram/settings.ts'
import { withInstallationDefaults } from '../../src/core/channel/channel-config.ts'
import { DomainError } from '../../src/core/errors.ts'
import type { ChannelAdapter } from '../../src/ports/channel-adapter.ts'

const adapter = { type: 'INSTAGRAM', settings: instagramSettings } as unknown as ChannelAdapter
const KEY = "the operator's own token"

const fill = (config: object, organizations: number, key: string | undefined) =>
  withInstallationDefaults(
    adapter,
    { pageId: '17841400000000101', ...config },
    {
      accounts: { countOrganizations: async () => organizations },
      settings: { installationDefaults: { INSTAGRAM_API_KEY: key } },
    },
  )

for (const organizations of [0, 1]) {
  test(`of ${organizations} organizations, a channel without a token gets the installation's`, async (t) => {
    t.is((await fill({}, organizations, KEY))['accessToken'], KEY)
    t.is((await fill({ accessToken: 'own' }, organizations, KEY))['accessToken'], 'own')
  })
}

const cases = [
  [1, undefined, 'accessToken is missing and INSTAGRAM_API_KEY is not set.'],
  [
    2,
    KEY,
    'accessToken is missing and INSTAGRAM_API_KEY is not used, since this installation has more than one organization.',
  ],
  [
    2,
    undefined,
    'accessToken is missing and INSTAGRAM_API_KEY is not used, since this installation has more than one organization.',
  ],
] as const

for (const [organizations, key, detail] of cases) {
  test(`of ${organizations} organizations, ${key ? 'whatever' : 'without what'} the installation has, a missing token is named by its pointer`, async (t) => {
    const error = await t.throwsAsync(fill({}, organizations, key), { instanceOf: DomainError })
    t.is(error?.code, 'channel-config-invalid')
    t.deepEqual(error?.errors, [{ in: 'body', pointer: '/config/accessToken', code: 'required', detail }])
    t.false(error?.message.includes(KEY))
    t.is((await fill({ accessToken: 'own' }, organizations, key))['accessToken'], 'own')
  })
}

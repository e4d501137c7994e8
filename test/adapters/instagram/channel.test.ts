import { createHmac } from 'node:crypto'
import test from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import { instagramSettings } from '../../../src/adapters/instagram/settings.ts'
import { channelAdapterContract } from '../../contracts/channel-adapter.contract.ts'
import { ACCOUNT, fixture } from './fixtures.ts'

const body = fixture('text-unicode')
const config = { graphUrl: 'http://graph.invalid', facebookGraphUrl: 'http://graph.invalid', graphVersion: 'v26.0' }
const sign = (secret: string, signed: Buffer, prefix = 'sha256=', hash = 'sha256') => ({
  body,
  headers: { 'x-hub-signature-256': `${prefix}${createHmac(hash, secret).update(signed).digest('hex')}` },
})

// The settings of the setup guide, as they stand there.
const guide = {
  pageId: 'YOUR_INSTAGRAM_PAGE_ID',
  accessToken: 'YOUR_LONG_LIVED_ACCESS_TOKEN',
  appSecret: 'YOUR_APP_SECRET',
  webhookVerifyToken: 'instagram_verify_token_123',
  webhookUrl: 'https://your-ngrok-url.ngrok-free.app/webhook',
}

channelAdapterContract(test, {
  name: 'INSTAGRAM',
  create: (deps) => createInstagramChannel(config, deps),
  samples: {
    config: { ...guide, pageId: ACCOUNT },
    genuine: (secret) => sign(secret, body),
    forged: (secret) => [
      sign(secret, Buffer.concat([body, Buffer.from('\n')])),
      sign(secret, Buffer.from(JSON.stringify(JSON.parse(body.toString())))),
      sign(secret, body, 'SHA256='),
      sign(secret, body, 'sha1=', 'sha1'),
      { body, headers: { 'x-hub-signature': sign(secret, body).headers['x-hub-signature-256'] } },
    ],
  },
})

test('the guide’s settings name their account', (t) => {
  t.is(String(instagramSettings.account(guide)), 'YOUR_INSTAGRAM_PAGE_ID')
})

test('a comment is answered in private within seven days, a direct message within one', (t) => {
  const { capabilities } = createInstagramChannel(config, { fetch })
  const { surfaces: _, ...rules } = capabilities
  t.deepEqual(rules, {
    replyWindow: {
      dmHours: 24,
      commentHours: 168,
      liveCommentHours: 4,
      humanAgent: { hours: 168, setting: 'humanAgent' },
    },
    privateReplyToComment: true,
  })
})

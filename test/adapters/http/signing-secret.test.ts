import test from 'ava'
import { receiptCode } from '../../../src/adapters/http/receipt-code.ts'
import { signingSecret } from '../../../src/adapters/http/signing-secret.ts'
import { startHttp } from './support/http-server.ts'

test('the first of several secrets signs', (t) => t.is(signingSecret(['new', 'old']), 'new'))

for (const secrets of [[], [''], ['', 'old'], ['new', '']]) {
  test(`nothing is signed, and nothing served, with ${JSON.stringify(secrets)}`, async (t) => {
    const message = /nothing to sign with/
    t.throws(() => signingSecret(secrets), { message })
    t.throws(() => receiptCode({ at: new Date(), connections: 1 }, secrets), { message })
    const given = { sessionSecrets: secrets, metricsToken: null, cursorKey: 'a-key' }
    await t.throwsAsync(startHttp({ deps: { secrets: given } }), { message })
  })
}

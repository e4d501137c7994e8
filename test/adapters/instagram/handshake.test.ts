import test from 'ava'
import { answerHandshake } from '../../../src/adapters/instagram/handshake.ts'

const GUIDE = 'hub.mode=subscribe&hub.verify_token=instagram_verify_token_123&hub.challenge=test_challenge'
const TOKENS = ['instagram_verify_token_123']

const answer = (query: string, tokens: readonly string[] = TOKENS) =>
  answerHandshake(new URLSearchParams(query), tokens)

test('the right token is answered with the challenge, exactly', (t) => {
  t.is(answer(GUIDE), 'test_challenge')
  t.is(answer(GUIDE.replace('test_challenge', '%3Cb%3E%2B1%20%E2%9C%93')), '<b>+1 ✓')
  t.is(answer(`${GUIDE}&extra=1`), 'test_challenge')
})

test('each of several tokens is good', (t) => {
  t.is(answer(GUIDE, ['old', ...TOKENS]), 'test_challenge')
})

test('A22, S48: anything else is refused', (t) => {
  t.is(answer(GUIDE, []), null)
  t.is(answer(GUIDE, ['']), null)
  t.is(answer(GUIDE.replace('token_123', 'token_124')), null)
  t.is(answer(GUIDE.replace('token_123', '')), null)
  t.is(answer(GUIDE.replace('subscribe', 'unsubscribe')), null)
  t.is(answer(GUIDE.replace('hub.mode=subscribe&', '')), null)
  t.is(answer(GUIDE.replace('&hub.challenge=test_challenge', '')), null)
  t.is(answer(GUIDE.replace('test_challenge', '')), null)
  t.is(answer('hub.mode=subscribe&hub.verify_token=&hub.challenge=x', ['']), null)
  t.is(answer(GUIDE.replaceAll('hub.', 'hub_')), null)
  t.is(answer(''), null)
})

test('A22, S48: a repeated parameter is refused, right or wrong', (t) => {
  t.is(answer(`${GUIDE}&hub.mode=subscribe`), null)
  t.is(answer(`${GUIDE}&hub.verify_token=x`), null)
  t.is(answer(`${GUIDE}&hub.challenge=other`), null)
})

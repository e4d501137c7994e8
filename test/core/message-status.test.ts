import test from 'ava'
import { statusOfParts } from '../../src/core/message/message-status.ts'

test('doubt is never hidden, what goes on comes before what has ended, and a failed part shows', (t) => {
  t.is(statusOfParts(['SENT']), 'SENT')
  t.is(statusOfParts(['FAILED', 'SENT']), 'FAILED')
  t.is(statusOfParts(['FAILED', 'QUEUED']), 'QUEUED')
  t.is(statusOfParts(['SENT', 'SENDING', 'QUEUED']), 'SENDING')
  for (const later of ['QUEUED', 'SENDING', 'SENT', 'FAILED'] as const)
    t.is(statusOfParts(['UNKNOWN', later]), 'UNKNOWN')
})

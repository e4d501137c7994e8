import { checkSameSite } from '../csrf.ts'
import { forMembers } from '../operation.ts'

export const streamEvents = forMembers(
  ({ config, streams }) =>
    async ({ req, res, actor, signedIn, headers, query }) => {
      checkSameSite(req.headers, config.publicUrl, 'An event stream')
      if (req.method === 'HEAD') return { status: 200, type: 'text/event-stream', body: '' }
      // A browser repeats the address and adds the header when it reconnects: the header is newer.
      const from = headers['last-event-id'] ?? query['after']
      await streams.open(res, { actor, signedIn, after: from === undefined ? null : Number(from) })
      return 'handled'
    },
)

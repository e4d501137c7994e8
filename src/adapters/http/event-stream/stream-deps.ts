import type { HttpCore, HttpDeps } from '../http-deps.ts'
import type { HttpMetrics } from '../metrics.ts'
import type { Sessions } from '../session.ts'

/** What open streams need. */
export type StreamDeps = Pick<HttpDeps, 'feed' | 'wakeups' | 'accounts' | 'clock' | 'log'> &
  Readonly<{ core: Pick<HttpCore, 'apiKeyStands'>; sessions: Pick<Sessions, 'isAlive'>; metrics: HttpMetrics }>

import { ContainerModule } from 'inversify'
import type { Failpoint } from '../../config/failpoints.ts'
import type { EventRelay } from '../../ports/event-relay.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { Logger } from '../../ports/logger.ts'
import { EVENT_RELAY, JOB_QUEUE, LOGGER, WAKEUPS, WEBHOOK_INTAKE, WEBHOOK_SOURCE } from '../../ports/tokens.ts'
import type { StartableWakeups } from '../../ports/wakeups.ts'
import type { WebhookIntake, WebhookSource } from '../../ports/webhook-intake.ts'
import type { MessagingDatabase, OpenMessaging } from './open-messaging.ts'
import { createPostgresJobs } from './postgres-jobs.ts'
import { createRelay } from './relay.ts'

export { type OpenMessaging, openMessaging } from './open-messaging.ts'

export const messagingModule = (
  { wakeups, queue, intake, source }: OpenMessaging,
  database: Pick<MessagingDatabase, 'directSystem'>,
  failpoint: Failpoint | null,
) =>
  new ContainerModule(({ bind }) => {
    bind<StartableWakeups>(WAKEUPS).toConstantValue(wakeups)
    bind<WebhookIntake>(WEBHOOK_INTAKE).toConstantValue(intake)
    bind<WebhookSource>(WEBHOOK_SOURCE).toConstantValue(source)
    bind<JobQueue>(JOB_QUEUE)
      .toResolvedValue((log: Logger) => createPostgresJobs({ queue, wakeups, log }), [LOGGER])
      .inSingletonScope()
    bind<EventRelay>(EVENT_RELAY)
      .toResolvedValue(
        (log: Logger) => createRelay({ connection: database.directSystem, wakeups, log, failpoint }),
        [LOGGER],
      )
      .inSingletonScope()
  })

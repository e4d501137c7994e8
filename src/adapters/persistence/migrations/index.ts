import type { MigrationObject } from '@mikro-orm/core'
import { M0001Initial } from './0001-initial.ts'
import { M0002MessageFacts } from './0002-message-facts.ts'
import { M0003SessionsSince } from './0003-sessions-since.ts'
import { M0007Media } from './0007-media.ts'
import { M0008Parts } from './0008-parts.ts'
import { M0009Uploads } from './0009-uploads.ts'
import { M0010Doubt } from './0010-doubt.ts'
import { M0011AccountBindings } from './0011-account-bindings.ts'
import { M0012History } from './0012-history.ts'
import { M0013NamesByTime } from './0013-names-by-time.ts'
import { M0014CommentAnswers } from './0014-comment-answers.ts'
import { M0015ChannelTokens } from './0015-channel-tokens.ts'
import { M0016StoryTimes } from './0016-story-times.ts'
import { M0017OptIns } from './0017-opt-ins.ts'
import { M0018OwnReactions } from './0018-own-reactions.ts'
import { M0019JoinedConversations } from './0019-joined-conversations.ts'
import { M0020Unconfirmed } from './0020-unconfirmed.ts'
import { M0021Farewells } from './0021-farewells.ts'
import { M0022ProvenCredentials } from './0022-proven-credentials.ts'
import { M0023LanesByChannel } from './0023-lanes-by-channel.ts'
import { M0024UnclaimedEntries } from './0024-unclaimed-entries.ts'
import { M0025Connections } from './0025-connections.ts'
import { M0026DeliveryTrials } from './0026-delivery-trials.ts'
import { M0027UnansweredCalls } from './0027-unanswered-calls.ts'
import { M0028JobsInTurn } from './0028-jobs-in-turn.ts'
import { M0029DeadLetters } from './0029-dead-letters.ts'
import { M0030Counts } from './0030-counts.ts'
import { M0031PartsByOrganization } from './0031-parts-by-organization.ts'
import { M0032OpenDoubts } from './0032-open-doubts.ts'
import { M0039OperatorAudit } from './0039-operator-audit.ts'

export const MIGRATION_TABLE = 'schema_migration'

/** In order. A released one never changes: what comes after it is a new one. */
export const migrations: MigrationObject[] = [
  { name: '0001-initial', class: M0001Initial },
  { name: '0002-message-facts', class: M0002MessageFacts },
  { name: '0003-sessions-since', class: M0003SessionsSince },
  { name: '0007-media', class: M0007Media },
  { name: '0008-parts', class: M0008Parts },
  { name: '0009-uploads', class: M0009Uploads },
  { name: '0010-doubt', class: M0010Doubt },
  { name: '0011-account-bindings', class: M0011AccountBindings },
  { name: '0012-history', class: M0012History },
  { name: '0013-names-by-time', class: M0013NamesByTime },
  { name: '0014-comment-answers', class: M0014CommentAnswers },
  { name: '0015-channel-tokens', class: M0015ChannelTokens },
  { name: '0016-story-times', class: M0016StoryTimes },
  { name: '0017-opt-ins', class: M0017OptIns },
  { name: '0018-own-reactions', class: M0018OwnReactions },
  { name: '0019-joined-conversations', class: M0019JoinedConversations },
  { name: '0020-unconfirmed', class: M0020Unconfirmed },
  { name: '0021-farewells', class: M0021Farewells },
  { name: '0022-proven-credentials', class: M0022ProvenCredentials },
  { name: '0023-lanes-by-channel', class: M0023LanesByChannel },
  { name: '0024-unclaimed-entries', class: M0024UnclaimedEntries },
  { name: '0025-connections', class: M0025Connections },
  { name: '0026-delivery-trials', class: M0026DeliveryTrials },
  { name: '0027-unanswered-calls', class: M0027UnansweredCalls },
  { name: '0028-jobs-in-turn', class: M0028JobsInTurn },
  { name: '0029-dead-letters', class: M0029DeadLetters },
  { name: '0030-counts', class: M0030Counts },
  { name: '0031-parts-by-organization', class: M0031PartsByOrganization },
  { name: '0032-open-doubts', class: M0032OpenDoubts },
  { name: '0039-operator-audit', class: M0039OperatorAudit },
]

import type { Config, Secrets } from './config.ts'
import type { CoreSettings } from './ports/core-ports.ts'

/** What of the configuration decides how the use cases behave. */
export const coreSettings = (config: Config, secrets: Secrets): CoreSettings => ({
  publicUrl: config.publicUrl,
  signupMode: config.signupMode,
  production: config.production,
  allowUnverifiedWebhooks: config.allowUnverifiedWebhooks,
  organizationLimits: config.organizationLimits,
  reopenWindowMs: config.reopenWindowHours * 3_600_000,
  history: {
    importDays: config.historyImportDays,
    importConversations: config.historyImportConversations,
    sweepMinutes: config.historySweepMinutes,
  },
  installationDefaults: { INSTAGRAM_API_KEY: secrets.instagramApiKey ?? undefined },
})

import type { ClientConfig, Pool } from 'pg'

/** What adapters beside persistence need of the database: sessions of the system role, and connections of their own. */
export type DatabaseAccess = Readonly<{
  systemPool: Pool
  /** For LISTEN and for the relay's lock, past any pooler. */
  direct: ClientConfig
  /** The same, becoming `dc_system` as they start. */
  directSystem: ClientConfig
}>

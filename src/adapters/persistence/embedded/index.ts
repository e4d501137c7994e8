export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './embedded-postgres.ts'
export { startEmbeddedPostgres } from './embedded-postgres.ts'
export type { EmbeddedPostgresErrorCode } from './embedded-postgres-error.ts'
export { EmbeddedPostgresError } from './embedded-postgres-error.ts'

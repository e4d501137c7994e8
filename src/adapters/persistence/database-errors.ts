export type DatabaseSetupProblem =
  | 'server-too-old'
  | 'roles-missing'
  | 'schema-newer'
  | 'schema-missing'
  | 'role-unbound'
  | 'superuser-login'
  | 'not-durable'

/** The database is reachable but not set up for this program: an operator's matter, never a request's. */
export class DatabaseSetupError extends Error {
  override readonly name: string = 'DatabaseSetupError'
  readonly code: DatabaseSetupProblem

  constructor(code: DatabaseSetupProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Roles are missing and this login may not make them; `statements` are for whoever may. */
export class RolesMissing extends DatabaseSetupError {
  override readonly name = 'RolesMissing'
  readonly statements: readonly string[]

  constructor(login: string, statements: readonly string[], cause: unknown) {
    super(
      'roles-missing',
      `The database login "${login}" may not make the roles that keep organizations apart. ` +
        `Let an administrator of the server run these statements, giving dc_login a password unless the server trusts it, then start again:\n${statements.map((s) => `  ${s};`).join('\n')}`,
      cause,
    )
    this.statements = statements
  }
}

/** Somebody else's transaction keeps a migration from its locks. What was applied stays; the same may be tried again. */
export class MigrationBlocked extends Error {
  override readonly name = 'MigrationBlocked'

  constructor(what: string, cause: unknown) {
    super(`${what} End what is in the way, or wait for it, and start again: nothing was left half done.`, { cause })
  }
}

import type { MemberId } from '../../../core/ids.ts'
import type { GrantedAccount } from '../../../ports/account-login.ts'
import type { ConnectAttempt, ConnectStore } from '../../../ports/connect-store.ts'
import type { SecretBox } from '../../../ports/secret-box.ts'
import { connectAttemptPlace } from '../sealed-places.ts'
import type { Tx } from '../transaction.ts'

type Row = {
  token_hash: string
  member_id: MemberId
  session_hash: string
  login: string
  moves: boolean
  sealed: string | null
  expires_at: Date
}

export const createConnectStore = (tx: Tx, { secretBox }: { secretBox: SecretBox }): ConnectStore => ({
  async begin({ tokenHash, memberId, sessionHash, login, moves, accounts, expiresAt }, now) {
    await tx.affected('delete from connect_attempts where org_id = $1 and expires_at <= $2', [tx.orgId, now])
    const sealed = accounts && secretBox.seal(JSON.stringify(accounts), connectAttemptPlace(tx.orgId, tokenHash))
    await tx.affected(
      `insert into connect_attempts (org_id, token_hash, member_id, session_hash, login, moves, sealed, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [tx.orgId, tokenHash, memberId, sessionHash, login, moves, sealed, expiresAt],
    )
  },

  async take({ tokenHash, memberId, sessionHash, login }, now) {
    const [row] = await tx.rows<Row>(
      `delete from connect_attempts
       where org_id = $1 and token_hash = $2 and member_id = $3 and session_hash = $4 and login = $5 and expires_at > $6
       returning token_hash, member_id, session_hash, login, moves, sealed, expires_at`,
      [tx.orgId, tokenHash, memberId, sessionHash, login, now],
    )
    return row
      ? attemptOf(row, row.sealed && secretBox.open(row.sealed, connectAttemptPlace(tx.orgId, tokenHash)))
      : null
  },
})

const attemptOf = (row: Row, accounts: string | null): ConnectAttempt => ({
  tokenHash: row.token_hash,
  memberId: row.member_id,
  sessionHash: row.session_hash,
  login: row.login,
  moves: row.moves,
  accounts: accounts === null ? null : readAccounts(accounts),
  expiresAt: row.expires_at,
})

const readAccounts = (text: string): readonly GrantedAccount[] =>
  (JSON.parse(text) as (GrantedAccount & { tokenExpiresAt: string | null })[]).map((account) => ({
    ...account,
    tokenExpiresAt: account.tokenExpiresAt === null ? null : new Date(account.tokenExpiresAt),
    // A login that was begun under the version before does not say.
    missingPermissions: account.missingPermissions ?? null,
  }))

import type { UserId } from '../../core/ids.ts'
import type { AccountDirectory, PasswordAction, PasswordChange } from '../../ports/account-directory.ts'
import type { UserRow } from './rows/account-rows.ts'
import type { SystemTx } from './transaction.ts'

/** Sessions and links from before end with it, and the audit log has it. */
export async function setPassword(
  tx: SystemTx,
  person: UserRow,
  { passwordHash, now, audit }: PasswordChange,
): Promise<void> {
  person.passwordHash = passwordHash
  person.sessionsSince = now
  await tx.em.flush()
  await tx.affected('delete from sessions where user_id = $1', [person.id])
  await tx.affected('delete from password_resets where user_id = $1', [person.id])
  await tx.affected(
    `insert into audit_log (id, actor_type, actor_id, action, resource_type, resource_id, request_id)
     values ($1, $2, $3, $4, 'person', $5, $6)`,
    [audit.id, ...actorOf(audit.action, person.id), audit.action, person.id, audit.requestId],
  )
  // It opens each of their organizations, and none of them learns of the others by it.
  await tx.affected(
    `insert into audit_log (id, org_id, actor_type, actor_id, action, resource_type, resource_id, request_id)
     select gen_random_uuid(), m.org_id, case when $2 then 'SYSTEM' else 'MEMBER' end, case when not $2 then m.id end, $3,
       'member', m.id, $4 from memberships m where m.user_id = $1 and m.active`,
    [person.id, audit.action === 'password.set-by-operator', audit.action, audit.requestId],
  )
}

const actorOf = (action: PasswordAction, userId: UserId) =>
  action === 'password.set-by-operator' ? (['SYSTEM', null] as const) : (['PERSON', userId] as const)

type Reset = Parameters<AccountDirectory['beginReset']>[1]

/** One statement, whether or not somebody has the address. */
export async function beginReset(tx: SystemTx, email: string, reset: Reset): Promise<string | null> {
  const [row] = await tx.rows<{ email: string }>(
    `with begun as (
       insert into password_resets as r (user_id, token_hash, made_at, expires_at)
       select id, $2, $3::timestamptz, $4::timestamptz from users where lower(email) = lower($1)
       on conflict (user_id) do update
         set token_hash = excluded.token_hash, made_at = excluded.made_at, expires_at = excluded.expires_at
         where r.made_at <= $5::timestamptz
       returning user_id
     )
     select u.email from users u join begun on begun.user_id = u.id`,
    [email, reset.tokenHash, reset.now, reset.expiresAt, reset.notAfter],
  )
  return row?.email ?? null
}

export async function emailOfReset(tx: SystemTx, tokenHash: string, now: Date): Promise<string | null> {
  const [row] = await tx.rows<{ email: string }>(
    `select u.email from password_resets r join users u on u.id = r.user_id where r.token_hash = $1 and r.expires_at > $2`,
    [tokenHash, now],
  )
  return row?.email ?? null
}

export async function takeReset(tx: SystemTx, tokenHash: string, now: Date): Promise<UserId | null> {
  const [row] = await tx.rows<{ user_id: UserId }>(
    'delete from password_resets where token_hash = $1 and expires_at > $2 returning user_id',
    [tokenHash, now],
  )
  return row?.user_id ?? null
}

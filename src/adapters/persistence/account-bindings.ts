import type { Pool } from 'pg'
import type { ChannelId, ExternalAccountId, OrgId } from '../../core/ids.ts'
import type { AccountBindings } from '../../ports/account-bindings.ts'
import { translated } from './sql-errors.ts'

type Row = { asked: ExternalAccountId; org_id: OrgId; channel_id: ChannelId }

// The account's own id wins over another one's alias.
const FIND = `
select distinct on (w.asked) w.asked, b.org_id, b.channel_id
from unnest($2::text[]) as w (asked) join account_bindings b on b.type = $1 and (b.account = w.asked or b.alias = w.asked)
order by w.asked, (b.account = w.asked) desc`

const GRANTED = `
select org_id, channel_id from account_bindings where type = $1 and (account = $2 or alias = $2 or granted_by = $2)
order by org_id, channel_id`

/** Across organizations, over connections of the system role, which sees whose an account is and no token. */
export const createAccountBindings = ({ pool }: { pool: Pool }): AccountBindings => ({
  async find(type, accounts) {
    if (accounts.length === 0) return new Map()
    try {
      const { rows } = await pool.query<Row>({ name: 'account-bindings', text: FIND, values: [type, accounts] })
      return new Map(rows.map(({ asked, org_id, channel_id }) => [asked, { orgId: org_id, channelId: channel_id }]))
    } catch (error) {
      throw translated(error)
    }
  },

  async grantedBy(type, name) {
    try {
      const { rows } = await pool.query<Omit<Row, 'asked'>>({
        name: 'bindings-granted',
        text: GRANTED,
        values: [type, name],
      })
      return rows.map(({ org_id, channel_id }) => ({ orgId: org_id, channelId: channel_id }))
    } catch (error) {
      throw translated(error)
    }
  },
})

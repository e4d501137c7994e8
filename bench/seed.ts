import { compose } from '../src/composition.ts'
import { actingMember } from '../src/core/actor.ts'
import type { ChannelId, ExternalAccountId, MemberId, OrgId } from '../src/core/ids.ts'
import { configOf, type Environment, quietLog } from './site.ts'

/** An organization with one member and one Instagram channel. */
export type Shop = Readonly<{
  orgId: OrgId
  memberId: MemberId
  channelId: ChannelId
  account: ExternalAccountId
  appSecret: string
  accessToken: string
}>

export const SHOPS = 20

export const PASSWORD = 'a word that nobody guesses'
/** Who signs in to the shop of that number, from 1 on. */
export const emailOf = (number: number): string => `owner${number}@example.com`

/** Through the use cases, as the API would. */
export async function seedShops(environment: Environment): Promise<readonly Shop[]> {
  const { core, close } = await compose({ ...configOf(environment, 'api'), log: quietLog })
  try {
    const shops: Shop[] = []
    for (let number = 1; number <= SHOPS; number++) {
      const name = `Shop ${number}`
      const { org, user, memberId } = await core.signUp({
        orgName: name,
        name: 'Owner',
        email: emailOf(number),
        password: PASSWORD,
      })
      const account = `1784140000000${String(number).padStart(4, '0')}` as ExternalAccountId
      const secrets = { appSecret: `${number}`.padStart(32, 'a'), accessToken: `IGAAbench${number}` }
      const channel = await core.createChannel(
        actingMember({ orgId: org.id, userId: user.id, memberId, role: 'OWNER', requestId: 'bench' }),
        { type: 'INSTAGRAM', name, config: { pageId: account, ...secrets } },
      )
      shops.push({ orgId: org.id, memberId, channelId: channel.id, account, ...secrets })
    }
    return shops
  } finally {
    await close()
  }
}

import type { ProfileAnswer, ProfileLookup } from '../../ports/channel-adapter.ts'
import { asShape, readText, readUrl, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer, GraphClient } from './graph-client.ts'
import { graphTarget, pathSegment } from './graph-target.ts'
import { demandsIn, readOutcome } from './read-outcome.ts'

const FIELDS = 'name,username,profile_pic'

export const createProfileLookup = (graph: GraphClient): ProfileLookup => ({
  async look(user, account, signal): Promise<ProfileAnswer> {
    // An id that we made for somebody whom the platform did not name.
    if (!/^\d+$/.test(user)) return { status: 'withheld', detail: 'the platform has not told who this is' }
    const target = graphTarget(account)
    if (target === null) return { status: 'retry', afterMs: null, detail: 'the channel has no usable access token' }
    const { flavour, token } = target
    const path = `${pathSegment(user)}?fields=${FIELDS}`
    return profileOf(await graph({ method: 'GET', flavour, path, token }, signal))
  },
})

type ProfileFields = Shape<'id' | 'name' | 'username' | 'profile_pic'>

function profileOf(answer: GraphAnswer): ProfileAnswer {
  const outcome = readOutcome(answer)
  if (outcome.status !== 'found') return outcome
  const fields = asShape<ProfileFields>(outcome.body)
  return {
    ...demandsIn(outcome),
    status: 'found',
    profile: {
      username: readText(fields?.username),
      name: readText(fields?.name),
      pictureUrl: readUrl(fields?.profile_pic),
    },
  }
}

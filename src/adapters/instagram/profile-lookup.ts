import type { ProfileAnswer, ProfileLookup } from '../../ports/channel-adapter.ts'
import { asShape, readText, readUrl, type Shape } from '../channel-kit/fields.ts'
import type { GraphAnswer, GraphClient } from './graph-client.ts'
import { platformCodeOf, readGraphError } from './graph-error.ts'
import { verdictOf } from './graph-errors.ts'
import { askedPauseMs } from './graph-pause.ts'
import { graphTarget, pathSegment } from './graph-target.ts'

const FIELDS = 'name,username,profile_pic'

export const createProfileLookup = (graph: GraphClient): ProfileLookup => ({
  async look(user, account, signal): Promise<ProfileAnswer> {
    const target = graphTarget(account)
    if (target === null) return { status: 'retry', afterMs: null, detail: 'the channel has no usable access token' }
    const { flavour, token } = target
    const path = `${pathSegment(user)}?fields=${FIELDS}`
    return profileOf(await graph({ method: 'GET', flavour, path, token }, signal))
  },
})

type ProfileFields = Shape<'id' | 'name' | 'username' | 'profile_pic'>

/** Unlike a send, a read can be asked again after any fault; a refusal is the end of it (no consent, no such person). */
function profileOf(answer: GraphAnswer): ProfileAnswer {
  if (answer.kind !== 'answered') return { status: 'retry', afterMs: null, detail: answer.detail }
  const { status, headers, body } = answer
  const error = readGraphError(body)
  const fields = asShape<ProfileFields>(body)
  if (status >= 200 && status < 300 && error === null && fields !== null) {
    return {
      status: 'found',
      profile: {
        username: readText(fields.username),
        name: readText(fields.name),
        pictureUrl: readUrl(fields.profile_pic),
      },
    }
  }
  const detail = `status ${status}, code ${(error && platformCodeOf(error)) ?? 'none'}`
  const afterMs = askedPauseMs(headers, Date.now())
  if (status === 429 || status >= 500 || error === null) return { status: 'retry', afterMs, detail }
  const verdict = verdictOf(error)
  if (verdict.verdict === 'retry') return { status: 'retry', afterMs: afterMs ?? verdict.afterMs, detail }
  const isAnsweredLater = verdict.verdict === 'unknown' || verdict.code === 'credentials-rejected'
  return isAnsweredLater ? { status: 'retry', afterMs, detail } : { status: 'withheld', detail }
}

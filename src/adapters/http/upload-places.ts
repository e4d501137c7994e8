import { Unavailable } from '../../core/errors.ts'

/** Of one process. Each place costs a few pieces of a file in memory, and a connection to the database now and then. */
const PLACES = 8
const PER_ORGANIZATION = 3
const WAITING = 64
const WAITING_PER_ORGANIZATION = 16

type Waiting = Readonly<{ orgId: string; begin: () => void }>

/** Few uploads at once, and neither all of them nor all that wait one organization's; the others wait their turn, and beyond that come again. */
export function createUploadPlaces({
  places = PLACES,
  perOrganization = PER_ORGANIZATION,
  waiting = WAITING,
  waitingPerOrganization = WAITING_PER_ORGANIZATION,
} = {}) {
  const held = new Map<string, number>()
  const queue: Waiting[] = []
  let taken = 0

  const isFree = (orgId: string) => taken < places && (held.get(orgId) ?? 0) < perOrganization
  const mayWait = (orgId: string) =>
    queue.length < waiting && queue.filter((one) => one.orgId === orgId).length < waitingPerOrganization
  const take = (orgId: string) => {
    taken++
    held.set(orgId, (held.get(orgId) ?? 0) + 1)
  }
  const leave = (orgId: string) => {
    taken--
    const left = (held.get(orgId) ?? 1) - 1
    if (left === 0) held.delete(orgId)
    else held.set(orgId, left)
    const next = queue.findIndex((one) => isFree(one.orgId))
    const [first] = next < 0 ? [] : queue.splice(next, 1)
    if (first) {
      take(first.orgId)
      first.begin()
    }
  }

  return {
    async hold<T>(orgId: string, work: () => Promise<T>): Promise<T> {
      if (isFree(orgId)) take(orgId)
      else if (mayWait(orgId)) await new Promise<void>((begin) => queue.push({ orgId, begin }))
      else throw new Unavailable('Too many files are being uploaded. Try again shortly.')
      try {
        return await work()
      } finally {
        leave(orgId)
      }
    },
  }
}

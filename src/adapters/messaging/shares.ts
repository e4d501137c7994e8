/**
 * Of the deliveries that the broker lets a process have at once (500): an organization's three batches, one being stored, one to
 * follow and what comes while a channel rests, and some places that are always left. Through those the rest of a backlog goes by.
 */
const OF_ONE = 300
const CROWDED = 400
const MOST = 450

export type Shares = Readonly<{
  /** False where the owner has its share already, or everybody together has all there is; else it has one more. */
  take(owner: string): boolean
  /** Without asking. */
  add(owner: string): void
  giveBack(owner: string): void
}>

/** Counts what each owner has in hand. In a crowd whoever has nothing still gets one place. */
export function createShares(): Shares {
  const inHand = new Map<string, number>()
  let altogether = 0
  const count = (owner: string, by: 1 | -1): void => {
    const own = (inHand.get(owner) ?? 0) + by
    altogether += by
    if (own === 0) inHand.delete(owner)
    else inHand.set(owner, own)
  }
  return {
    take(owner) {
      const own = inHand.get(owner) ?? 0
      if (altogether >= MOST || own >= (altogether < CROWDED ? OF_ONE : 1)) return false
      count(owner, 1)
      return true
    },
    add: (owner) => count(owner, 1),
    giveBack: (owner) => count(owner, -1),
  }
}

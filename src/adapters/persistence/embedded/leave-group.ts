import { existsSync } from 'node:fs'
import type { Place, Site } from './bring-up.ts'
import { endPostmaster } from './end-server.ts'
import { withGroupLock } from './group-lock.ts'
import { countMembers, leave, type Member } from './members.ts'
import { findPostmaster, type Postmaster } from './postmaster.ts'
import { removeSocketFolder } from './socket-folder.ts'

type Log = Readonly<{ warn(message: string): void }>

/** Takes a member out of the group and, when it was the last one, stops the server and waits until it is gone. */
export async function leaveGroup(
  site: Site,
  place: Place,
  member: Member,
  lastKnown: () => Postmaster,
  log: Log,
  onWait: () => void,
): Promise<void> {
  if (!existsSync(site.runDir)) {
    // Somebody deleted the data under a running server.
    leave(member)
    await endPostmaster(lastKnown())
    return
  }
  try {
    await withGroupLock(site.runDir, onWait, async () => {
      leave(member)
      if (countMembers(site.runDir) > 0) return
      const postmaster = findPostmaster(site.dataDir)
      if (postmaster !== null && !(await endPostmaster(postmaster))) {
        log.warn(`The database server on ${site.dataDir} did not stop in time and was ended; its next start recovers.`)
      }
      await removeSocketFolder(place.socketDir, site.user)
    })
  } finally {
    leave(member)
  }
}

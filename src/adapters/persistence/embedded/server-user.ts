import { chown } from 'node:fs/promises'

/** PostgreSQL refuses to run as root: this unprivileged user, "nobody" on most systems, does it instead. */
const UNPRIVILEGED_ID = 65534

/** Who the server runs as. `dropped` when that is not who we are. */
export type ServerUser = Readonly<{ uid: number; gid: number; dropped: boolean }>

export function serverUser(): ServerUser {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  return process.getuid !== undefined && uid === 0
    ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID, dropped: true }
    : { uid, gid, dropped: false }
}

export const spawnIds = (user: ServerUser): { uid?: number; gid?: number } =>
  user.dropped ? { uid: user.uid, gid: user.gid } : {}

/** Hands a file or folder that we made to the server's user. */
export async function giveTo(user: ServerUser, path: string): Promise<void> {
  if (user.dropped) await chown(path, user.uid, user.gid)
}

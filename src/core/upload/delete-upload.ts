import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import { NotFound } from '../errors.ts'
import type { UploadId } from '../ids.ts'

/** Its bytes are gone at once, and links to it lead nowhere. */
export const deleteUpload =
  ({ unitOfWork }: CorePorts) =>
  async (actor: Actor, id: UploadId): Promise<void> => {
    const removed = await unitOfWork.run(actor.orgId, ({ uploads }) => uploads.remove(id))
    if (!removed) throw new NotFound('attachment')
  }

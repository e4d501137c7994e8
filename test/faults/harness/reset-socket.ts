import type { Socket } from 'node:net'

/**
 * Ends a connection with a reset. One whose own end is on its way already is closed as usual: libuv refuses to reset it, and
 * Node 24 then keeps the half closed socket for good and turns in a circle when the process is to exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}

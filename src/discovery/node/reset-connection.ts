import type { Socket } from 'node:net'

/**
 * Cuts a connection with a reset, so that the other side cannot take it for a clean end. One whose end is on its way
 * already is destroyed instead: the system refuses to reset it, Node then keeps its handle, and the process that ends
 * with such a handle spins for good.
 */
export function resetConnection(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}

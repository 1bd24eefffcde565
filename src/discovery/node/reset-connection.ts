import type { Socket } from 'node:net'

/**
 * Cuts a connection with a reset, so that the other side cannot take it for a clean end. One that has handed over
 * everything, its end included, is closed instead: the system refuses to reset what is shutting down, and Node would
 * keep the handle, with which the process spins when it should end.
 */
export function resetConnection(socket: Socket): void {
  const isEnding = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished
  if (isEnding) socket.destroy()
  else socket.resetAndDestroy()
}

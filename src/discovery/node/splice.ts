import type { Socket } from 'node:net'
import { resetConnection } from './reset-connection.js'

/**
 * Joins two open sockets until both are done. Each side's end is passed on as an end, so half-open use works;
 * a slow reader slows the writer; an error or abrupt close of one side takes the other down at once.
 */
export function splice(a: Socket, b: Socket): void {
  a.pipe(b)
  b.pipe(a)
  tie(a, b)
  tie(b, a)
}

function tie(self: Socket, other: Socket): void {
  self.on('error', () => resetConnection(other))
  self.on('close', () => {
    // Without an end the close was abrupt, and the other side must not take it for one.
    if (!other.writableEnded) resetConnection(other)
    // What the other side still sends has no reader; what was written to it goes out first.
    else if (!self.writableFinished) other.destroySoon()
  })
}

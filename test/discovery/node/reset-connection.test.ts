import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { resetConnection } from '../../../src/discovery/node/reset-connection.js'

/** Both sides of a connection over loopback. */
async function connection(): Promise<{ readonly socket: Socket; readonly other: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    allowHalfOpen: true,
  })
  const [other] = await accepted
  await (socket.connecting ? once(socket, 'connect') : undefined)
  server.close()
  onTestFinished(() => {
    socket.destroy()
    other.destroy()
  })
  return { socket, other }
}

describe('a connection that is cut', () => {
  test.each<[string, (socket: Socket) => void, string | undefined]>([
    ['open', () => {}, 'ECONNRESET'],
    // More than the system takes at once, so that the end waits for it. What the other side sees is up to the system.
    ['with much left to send before its end', socket => socket.end(Buffer.alloc(50_000_000)), undefined],
    ['whose end is on its way', socket => socket.end('all there is'), 'end'],
    ['that was destroyed before', socket => socket.destroy(), 'end'],
  ])('%s: its handle is closed, without an error', async (_what, prepare, seen) => {
    const { socket, other } = await connection()
    const errors: unknown[] = []
    socket.on('error', error => errors.push(error))
    const otherSees = new Promise(resolve => {
      other.on('error', error => resolve((error as NodeJS.ErrnoException).code))
      other.on('end', () => resolve('end'))
    })
    other.resume()
    const closed = once(socket, 'close')
    prepare(socket)
    resetConnection(socket)
    await closed
    const told = await otherSees
    if (seen !== undefined) expect(told).toBe(seen)
    expect(errors).toEqual([])
  })
})

import type { Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'

/** Of a socket that everybody sends to. */
export const LISTENER_BUFFER_BYTES: number = 4 * 2 ** 20

/**
 * A socket for peers that have addresses, not names: looking them up, as is done for every datagram by default, would
 * cost a sixth of its time, and would leave binding and connecting for later.
 *
 * @param address of the family that is meant
 * @param receiveBufferBytes what the system keeps unread, if it allows it. Default: as the system says
 */
export function openUdpSocket(address: string, receiveBufferBytes?: number): Socket {
  const isV6 = address.includes(':')
  return createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    ...(receiveBufferBytes === undefined ? {} : { recvBufferSize: receiveBufferBytes }),
    lookup: (host, _options, done) => done(null, host === '' ? anyAddress(isV6) : host, isV6 ? 6 : 4),
  })
}

function anyAddress(isV6: boolean): string {
  return isV6 ? '::' : '0.0.0.0'
}

import { ipBytes, ipFromBytes } from '../../core/internal.js'

/** Both ends of a connection as its client sees it. */
export interface ConnectionEnds {
  readonly source: { readonly address: string; readonly port: number }
  readonly destination: { readonly address: string; readonly port: number }
}

/** What the first bytes of a connection are. */
export type ProxyHeaderRead =
  | { readonly kind: 'header'; readonly bytes: number; readonly ends: ConnectionEnds | undefined }
  /** More bytes are needed. */
  | { readonly kind: 'short' }
  | { readonly kind: 'invalid' }

const SIGNATURE = Uint8Array.from([0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
const HEAD_BYTES = 16
/** Longest header that is taken, with all its extensions. */
const HEADER_BYTES_MAX = 4096
const LOCAL = 0x20
const PROXY = 0x21
const TCP_OVER_V4 = 0x11
const TCP_OVER_V6 = 0x21

/**
 * A header of the PROXY protocol, version 2, for a TCP connection (haproxy, doc/proxy-protocol.txt, 2.2). Ends of two
 * families, or of none that is known, give the header that tells nothing of them.
 */
export function encodeProxyHeader({ source, destination }: ConnectionEnds): Uint8Array {
  const [from, to] = [addressBytes(source.address), addressBytes(destination.address)]
  const length = from !== undefined && from.length === to?.length ? 2 * from.length + 4 : 0
  const header = new Uint8Array(HEAD_BYTES + length)
  const view = new DataView(header.buffer)
  header.set(SIGNATURE)
  header[12] = length === 0 ? LOCAL : PROXY
  header[13] = length === 0 ? 0 : from?.length === 4 ? TCP_OVER_V4 : TCP_OVER_V6
  view.setUint16(14, length)
  if (from === undefined || to === undefined || length === 0) return header
  header.set(from, HEAD_BYTES)
  header.set(to, HEAD_BYTES + from.length)
  view.setUint16(HEAD_BYTES + 2 * from.length, source.port)
  view.setUint16(HEAD_BYTES + 2 * from.length + 2, destination.port)
  return header
}

/**
 * Reads such a header from the first bytes of a connection; never throws. `ends` is undefined for connections of the sender
 * itself (LOCAL), as of its health checks, and for families that are not known here. Extensions are passed over.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeaderRead {
  for (let at = 0; at < Math.min(bytes.length, SIGNATURE.length); at++)
    if (bytes[at] !== SIGNATURE[at]) return { kind: 'invalid' }
  if (bytes.length < HEAD_BYTES) return { kind: 'short' }
  const command = bytes[12]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = HEAD_BYTES + view.getUint16(14)
  if ((command !== LOCAL && command !== PROXY) || end > HEADER_BYTES_MAX) return { kind: 'invalid' }
  if (bytes.length < end) return { kind: 'short' }
  const size = bytes[13] === TCP_OVER_V4 ? 4 : bytes[13] === TCP_OVER_V6 ? 16 : 0
  if (command === LOCAL || size === 0) return { kind: 'header', bytes: end, ends: undefined }
  if (end < HEAD_BYTES + 2 * size + 4) return { kind: 'invalid' }
  const address = (at: number): string => ipFromBytes(bytes.subarray(at, at + size))
  const portsAt = HEAD_BYTES + 2 * size
  const ends = {
    source: { address: address(HEAD_BYTES), port: view.getUint16(portsAt) },
    destination: { address: address(HEAD_BYTES + size), port: view.getUint16(portsAt + 2) },
  }
  return { kind: 'header', bytes: end, ends }
}

/** IPv4 in IPv6, as a socket of both families has it, is IPv4. */
function addressBytes(address: string): Uint8Array | undefined {
  return ipBytes(address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address)
}

import type { Socket as UdpSocket } from 'node:dgram'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import type { Env } from '../../core/index.js'
import { isKeelsonError, systemEnv } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { DnsResponderOptions } from '../dns/dns-responder.js'
import { createDnsResponder } from '../dns/dns-responder.js'
import type { ResponseRateOptions } from '../dns/response-rate.js'
import { createResponseRateLimit } from '../dns/response-rate.js'
import type { Registry } from '../registry/registry.js'
import { blockProblems, createClientFilter } from './client-blocks.js'
import { serveDnsConnection } from './dns-connection.js'
import type { DnsService } from './dns-service.js'
import { createDnsService } from './dns-service.js'
import { createDnsForwarder } from './forward/dns-forwarder.js'
import type { DnsForwardOptions } from './forward/forward-options.js'
import { FORWARD_ALLOW, forwardProblems } from './forward/forward-options.js'
import { ListenError } from './listen-error.js'
import { LISTENER_BUFFER_BYTES, openUdpSocket } from './udp-socket.js'

/** How DNS is served. */
export interface DnsServerOptions extends DnsResponderOptions {
  /** Default 127.0.0.1. */
  readonly address?: string
  /** One port for both transports. Default 0: a free one. */
  readonly port?: number
  /** TCP connections at a time; more are refused. Default 256. */
  readonly maxConnections?: number
  /** A TCP connection without a request for this long is closed. Default 10 000. */
  readonly idleMs?: number
  /** Address blocks of those who may ask; others are refused. Default: everybody. */
  readonly allow?: readonly string[]
  /** Which names of other zones are asked for elsewhere. Default: none, they are refused. */
  readonly forward?: DnsForwardOptions
  /** How many responses over UDP one network gets. Default: as many as it asks for. */
  readonly responseRate?: ResponseRateOptions
  readonly env?: Env
}

/** A running server. */
export interface DnsServer extends AsyncDisposable {
  readonly address: string
  readonly port: number
  /** Closes both sockets and every connection. Idempotent. */
  close(): Promise<void>
}

/** How often a free port for both transports is looked for. */
const PORT_ATTEMPTS = 8

const DNS_SERVER_OPTIONS = /* @__PURE__ */ knownOptions<DnsServerOptions>('serveDns', {
  ednsBytes: true,
  cacheBytes: true,
  address: true,
  port: true,
  maxConnections: true,
  idleMs: true,
  allow: true,
  forward: true,
  responseRate: true,
  env: true,
})

/**
 * Answers DNS over UDP and TCP from a registry, each answer at the revision that the registry has then. No
 * request can stop it: what cannot be read is answered with FORMERR or dropped.
 *
 * @throws InvalidError for an option out of bounds
 * @throws KeelsonError `AlreadyExists`, `NotFound` or `Forbidden` when an address or port cannot be bound
 */
export async function serveDns(registry: Registry, options: DnsServerOptions = {}): Promise<DnsServer> {
  assertKnown(options, DNS_SERVER_OPTIONS)
  const { address = '127.0.0.1', port = 0, maxConnections = 256, idleMs = 10_000 } = options
  assertValid('DNS server', [
    ...wholeNumber('port', port, { max: 65_535 }),
    ...wholeNumber('maxConnections', maxConnections, { min: 1 }),
    ...wholeNumber('idleMs', idleMs, { min: 1 }),
    ...(options.allow === undefined ? [] : blockProblems('allow', options.allow)),
    ...(options.forward === undefined ? [] : forwardProblems(options.forward)),
  ])
  for (let attempt = 1; ; attempt++) {
    const udp = await bindUdp(address, port)
    const service = serviceOf(registry, options)
    try {
      const bound = { ...options, address, port: udp.address().port, maxConnections, idleMs }
      const tcp = await bindTcp(bound, service)
      return serverOf(udp, tcp, { service, env: options.env ?? systemEnv })
    } catch (error) {
      service.close()
      await closed(udp)
      if (port !== 0 || attempt === PORT_ATTEMPTS || !isKeelsonError(error, 'AlreadyExists')) throw error
    }
  }
}

function serviceOf(registry: Registry, options: DnsServerOptions): DnsService {
  const { env = systemEnv, ednsBytes = 1232, allow, forward, responseRate } = options
  return createDnsService({
    responder: createDnsResponder(registry, options),
    env,
    ednsBytes,
    mayForward: createClientFilter(forward?.allow ?? FORWARD_ALLOW),
    ...(allow === undefined ? {} : { isAllowed: createClientFilter(allow) }),
    ...(forward === undefined ? {} : { forwarder: createDnsForwarder(forward, env, ednsBytes) }),
    ...(responseRate === undefined ? {} : { rateLimit: createResponseRateLimit(responseRate) }),
  })
}

interface Tcp {
  readonly server: Server
  closeConnections(): void
}

function serverOf(udp: UdpSocket, tcp: Tcp, { service, env }: { service: DnsService; env: Env }): DnsServer {
  udp.on('message', (request, peer) => {
    service.answer(request, { address: peer.address, transport: 'udp' }, response => {
      if (response === undefined || closing !== undefined) return
      udp.send(response, peer.port, peer.address, error => {
        if (error) env.logger.debug({ error, peer: peer.address }, 'a DNS response could not be sent')
      })
    })
  })
  udp.on('error', error => env.logger.warn({ error }, 'the DNS socket failed'))
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    if (closing === undefined) service.close()
    closing ??= Promise.all([
      closed(udp),
      new Promise<void>(resolve => {
        tcp.server.close(() => resolve())
        tcp.closeConnections()
      }),
    ]).then(() => undefined)
    return closing
  }
  service.start()
  const { address, port } = udp.address()
  return { address, port, close, [Symbol.asyncDispose]: close }
}

function bindUdp(address: string, port: number): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const socket = openUdpSocket(address, LISTENER_BUFFER_BYTES)
    const failed = (error: Error): void => {
      socket.close()
      reject(new ListenError(address, port, error))
    }
    socket.once('error', failed)
    socket.bind({ address, port }, () => {
      socket.off('error', failed)
      resolve(socket)
    })
  })
}

function closed(socket: UdpSocket): Promise<void> {
  return new Promise(resolve => socket.close(() => resolve()))
}

function bindTcp(
  options: Required<Pick<DnsServerOptions, 'address' | 'port' | 'maxConnections' | 'idleMs'>> &
    Pick<DnsServerOptions, 'env'>,
  service: DnsService,
): Promise<Tcp> {
  const { address, port, maxConnections, idleMs, env = systemEnv } = options
  return new Promise((resolve, reject) => {
    const connections = new Set<() => void>()
    const server = createServer({ allowHalfOpen: true }, socket => {
      const end = serveDnsConnection(socket, service, { env, idleMs })
      connections.add(end)
      socket.on('close', () => connections.delete(end))
    })
    server.maxConnections = maxConnections
    const failed = (error: Error): void => reject(new ListenError(address, port, error))
    server.once('error', failed)
    server.listen({ host: address, port }, () => {
      server.off('error', failed)
      server.on('error', error => env.logger.warn({ error }, 'the DNS listener failed'))
      resolve({ server, closeConnections: () => [...connections].forEach(end => end()) })
    })
  })
}

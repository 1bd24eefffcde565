import type { BalancePolicy, Env, FieldProblem } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { assertKnown, assertValid, ipFamily, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Registry, RegistryDelta } from '../registry/registry.js'
import type { RegistrySnapshot, ServiceView } from '../registry/registry-snapshot.js'
import { blockProblems, createClientFilter } from './client-blocks.js'
import type { DrainWaitOptions, DrainWaitReport } from './drain-waits.js'
import { UdpFlows } from './udp-flows.js'
import type { VipService, VipServiceStats } from './vip-service.js'
import { createVipService } from './vip-service.js'
import type { VipSettings } from './vip-settings.js'
import { createRoom } from './vip-settings.js'

/** How virtual addresses are served. */
export interface VipProxyOptions {
  /** Where to listen for a virtual address and port. Default: exactly there, which this host must be able to bind. */
  readonly bind?: (
    address: string,
    port: number,
    protocol: 'TCP' | 'UDP',
  ) => { readonly host: string; readonly port: number }
  /** This node's addresses on which the node ports of services are listened on. Default none. */
  readonly nodePortAddresses?: readonly string[]
  /** For services that do not say themselves. Default `round-robin`. */
  readonly policy?: BalancePolicy
  /** The node of the proxy's clients, for services with `internalTrafficPolicy` or `trafficDistribution`. Default none. */
  readonly nodeName?: string
  /** The zone of that node. Default none. */
  readonly zone?: string
  /** How long connections outlive their endpoint's removal from the registry, ≥ 0. Default 30 000. */
  readonly drainMs?: number
  /** Longest wait for an endpoint to accept. Default 2000. */
  readonly connectTimeoutMs?: number
  /** Endpoints tried for one connection, ≥ 1. Default 3. */
  readonly maxAttempts?: number
  /** TCP connections at a time over all services; more are reset. Default 10 000. */
  readonly maxConnections?: number
  /** TCP connections at a time of one service, and flows of datagrams. Default: as many as of all. */
  readonly maxConnectionsPerService?: number
  /** Connections and flows at a time of one endpoint; one that has them gets no more. Default: no limit. */
  readonly maxConnectionsPerEndpoint?: number
  /**
   * Flows of datagrams at a time over all services, each with a socket of its own; over it the one that was not used for
   * longest ends. Default 65 536.
   */
  readonly maxFlows?: number
  /** A flow without a datagram for this long ends, and one that was never answered so long after its first. Default 30 000. */
  readonly udpIdleMs?: number
  /**
   * Address blocks of load balancers in front: their connections must begin with a header of the PROXY protocol, version
   * 2, within `connectTimeoutMs`, and the client is who it says; without one they are reset. Default: nobody.
   */
  readonly acceptProxyHeader?: readonly string[]
  /** Services whose endpoints are told who the client is, by such a header before its bytes. TCP only. Default: none. */
  readonly sendProxyHeader?: (service: string) => boolean
  /** Name under which registry revisions are acknowledged. Default `vip-proxy`. */
  readonly consumerName?: string
  readonly env?: Env
}

/** A running proxy. */
export interface VipProxy extends AsyncDisposable {
  /**
   * Resolves when every address that is wanted now is listened on.
   *
   * @throws KeelsonError `AlreadyExists`, `NotFound` or `Forbidden` for the first that cannot be; it is tried again by
   * itself
   */
  listening(): Promise<void>
  /** Counts of a service by key `namespace/name`; undefined for one that has no virtual address. */
  stats(service: string): VipServiceStats | undefined
  /**
   * Resolves when an endpoint gets no new connections and its last one has ended; at once for an endpoint that
   * is not known. Resolves also when the proxy is closed, and with a report when the time is over.
   *
   * @throws the signal's reason when it is aborted first
   * @throws InvalidError for an unknown option or a time out of bounds
   */
  drained(service: string, endpoint: string, options?: DrainWaitOptions): Promise<DrainWaitReport>
  /** Closes every listener and connection. Idempotent. */
  close(): Promise<void>
}

const VIP_PROXY_OPTIONS = /* @__PURE__ */ knownOptions<VipProxyOptions>('serveVips', {
  bind: true,
  nodePortAddresses: true,
  policy: true,
  nodeName: true,
  zone: true,
  drainMs: true,
  connectTimeoutMs: true,
  maxAttempts: true,
  maxConnections: true,
  maxConnectionsPerService: true,
  maxConnectionsPerEndpoint: true,
  maxFlows: true,
  udpIdleMs: true,
  acceptProxyHeader: true,
  sendProxyHeader: true,
  consumerName: true,
  env: true,
})

/**
 * Proxies TCP connections and UDP datagrams to virtual addresses: one listener for each virtual address and port of the
 * registry's services, and for each node port on `nodePortAddresses`; each connection to an eligible endpoint, and all datagrams of one sender to one.
 *
 * Flows of datagrams end when their endpoint leaves the registry or changes its address, and when it gets no new traffic
 * and has not answered; the next datagram finds another endpoint, or none and is dropped.
 *
 * Guarantees: a revision of the registry is acknowledged when no later connection goes to an endpoint that it
 * made ineligible, attempts under way included; connections to an endpoint continue while it is in the registry,
 * ready or not, and `drainMs` longer; an endpoint that does not accept costs a connection nothing but time
 * while another one does.
 */
export function serveVips(registry: Registry, options: VipProxyOptions = {}): VipProxy {
  assertKnown(options, VIP_PROXY_OPTIONS)
  const { env = systemEnv, consumerName = 'vip-proxy' } = options
  const services = new Map<string, VipService>()
  const settings = settingsOf(options, env, service => services.get(service)?.evicted())
  const consumer = registry.consumer(consumerName)
  /** Services that are gone, whose last connections may not be. */
  const retired = new Set<string>()
  const forget = (key: string): void => {
    services.delete(key)
    retired.delete(key)
  }
  let closing: Promise<void> | undefined
  const update = (snapshot: RegistrySnapshot, keys: Iterable<string>): void => {
    for (const key of keys) {
      const view: ServiceView = snapshot.services.get(key) ?? {
        slices: new Map(),
        endpoints: [],
        revision: snapshot.revision,
      }
      if (view.service?.mode === 'vip' && !services.has(key))
        services.set(key, createVipService(key, settings))
      const service = services.get(key)
      service?.update(view)
      if (view.service === undefined) retired.add(key)
      else retired.delete(key)
    }
    for (const key of [...retired]) if ((services.get(key)?.stats().active ?? 0) === 0) forget(key)
    consumer.ack(snapshot.revision)
  }
  const cancel = registry.onChange(({ snapshot, services: keys }: RegistryDelta) => update(snapshot, keys))
  const start = registry.snapshot()
  update(
    start,
    [...start.services.entries()].map(([key]) => key),
  )
  const close = (): Promise<void> => {
    closing ??= (async () => {
      cancel()
      consumer.close()
      await Promise.all([...services.values()].map(service => service.retire()))
      for (const service of services.values()) service.end()
    })()
    return closing
  }
  return {
    listening: async () => {
      const errors = (await Promise.all([...services.values()].map(service => service.opened()))).flat()
      if (errors[0] !== undefined) throw errors[0]
    },
    stats: key => services.get(key)?.stats(),
    drained: async (key, endpoint, wait) =>
      (await services.get(key)?.drained(endpoint, wait)) ?? { kind: 'drained' },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function addressProblems(field: string, addresses: readonly string[]): readonly FieldProblem[] {
  return addresses.flatMap((value, index) =>
    ipFamily(value) === 0
      ? [{ field: `${field}[${index}]`, value, message: 'must be an IPv4 or IPv6 address' }]
      : [],
  )
}

function settingsOf(options: VipProxyOptions, env: Env, evicted: (service: string) => void): VipSettings {
  const { bind = (host, port) => ({ host, port }), policy = 'round-robin' } = options
  const { drainMs = 30_000, connectTimeoutMs = 2000, maxAttempts = 3, udpIdleMs = 30_000 } = options
  const { maxConnections = 10_000, maxFlows = 65_536, acceptProxyHeader = [] } = options
  const { maxConnectionsPerService, maxConnectionsPerEndpoint = Number.MAX_SAFE_INTEGER } = options
  assertValid('VIP proxy', [
    ...wholeNumber('drainMs', drainMs),
    ...wholeNumber('connectTimeoutMs', connectTimeoutMs),
    ...wholeNumber('maxAttempts', maxAttempts, { min: 1 }),
    ...wholeNumber('maxConnections', maxConnections, { min: 1 }),
    ...wholeNumber('maxConnectionsPerService', maxConnectionsPerService ?? 1, { min: 1 }),
    ...wholeNumber('maxConnectionsPerEndpoint', maxConnectionsPerEndpoint, { min: 1 }),
    ...wholeNumber('maxFlows', maxFlows, { min: 1 }),
    ...wholeNumber('udpIdleMs', udpIdleMs, { min: 1 }),
    ...blockProblems('acceptProxyHeader', acceptProxyHeader),
    ...addressProblems('nodePortAddresses', options.nodePortAddresses ?? []),
  ])
  const { nodeName, zone, sendProxyHeader = () => false, nodePortAddresses = [] } = options
  const flowLimits = {
    flowsMax: maxFlows,
    flowsPerServiceMax: maxConnectionsPerService ?? maxFlows,
    idleMs: udpIdleMs,
  }
  return {
    env,
    bind,
    nodePortAddresses,
    policy,
    nodeName,
    zone,
    drainMs,
    connectTimeoutMs,
    maxAttempts,
    perServiceMax: maxConnectionsPerService ?? maxConnections,
    perEndpointMax: maxConnectionsPerEndpoint,
    room: createRoom(maxConnections),
    udpIdleMs,
    udpFlows: new UdpFlows(env.clock, flowLimits, ({ service }) => evicted(service)),
    hasProxyHeader: createClientFilter(acceptProxyHeader),
    sendsProxyHeader: sendProxyHeader,
  }
}

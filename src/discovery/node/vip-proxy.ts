import type { Socket } from 'node:net'
import type { Env } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Registry, RegistryDelta } from '../registry/registry.js'
import type { RegistrySnapshot, ServiceView } from '../registry/registry-snapshot.js'
import type { BalancePolicy } from '../services/registered-service.js'
import type { VipService, VipServiceStats } from './vip-service.js'
import { createVipService } from './vip-service.js'
import type { VipSettings } from './vip-settings.js'

/** How virtual addresses are served. */
export interface VipProxyOptions {
  /** Where to listen for a virtual address and port. Default: exactly there, which this host must be able to bind. */
  readonly bind?: (address: string, port: number) => { readonly host: string; readonly port: number }
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
  /** Connections at a time over all services; more are reset. Default 10 000. */
  readonly maxConnections?: number
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
   * is not known. Resolves also when the proxy is closed.
   */
  drained(service: string, endpoint: string): Promise<void>
  /** Closes every listener and connection. Idempotent. */
  close(): Promise<void>
}

const VIP_PROXY_OPTIONS = /* @__PURE__ */ knownOptions<VipProxyOptions>('serveVips', {
  bind: true,
  policy: true,
  nodeName: true,
  zone: true,
  drainMs: true,
  connectTimeoutMs: true,
  maxAttempts: true,
  maxConnections: true,
  consumerName: true,
  env: true,
})

/**
 * Proxies TCP connections to virtual addresses: one listener for each virtual address and port of the registry's
 * services, each connection to an eligible endpoint.
 *
 * Guarantees: a revision of the registry is acknowledged when no later connection goes to an endpoint that it
 * made ineligible, attempts under way included; connections to an endpoint continue while it is in the registry,
 * ready or not, and `drainMs` longer; an endpoint that does not accept costs a connection nothing but time
 * while another one does.
 */
export function serveVips(registry: Registry, options: VipProxyOptions = {}): VipProxy {
  assertKnown(options, VIP_PROXY_OPTIONS)
  const { env = systemEnv, consumerName = 'vip-proxy', maxConnections = 10_000 } = options
  assertValid('VIP proxy', wholeNumber('maxConnections', maxConnections, { min: 1 }))
  const settings = settingsOf(options, env, admission(maxConnections))
  const services = new Map<string, VipService>()
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
    drained: async (key, endpoint) => services.get(key)?.drained(endpoint),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function settingsOf(options: VipProxyOptions, env: Env, admit: VipSettings['admit']): VipSettings {
  const { bind = (host, port) => ({ host, port }), policy = 'round-robin' } = options
  const { drainMs = 30_000, connectTimeoutMs = 2000, maxAttempts = 3 } = options
  assertValid('VIP proxy', [
    ...wholeNumber('drainMs', drainMs),
    ...wholeNumber('connectTimeoutMs', connectTimeoutMs),
    ...wholeNumber('maxAttempts', maxAttempts, { min: 1 }),
  ])
  const { nodeName, zone } = options
  return { env, bind, policy, nodeName, zone, drainMs, connectTimeoutMs, maxAttempts, admit }
}

/** Counts open connections. */
function admission(max: number): (client: Socket) => boolean {
  let open = 0
  return client => {
    if (open >= max) return false
    open++
    client.once('close', () => open--)
    return true
  }
}

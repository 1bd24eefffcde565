import type { Cancel, Env } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Registry, RegistrySnapshot, Resolution } from '../../discovery/index.js'
import { eligibleEndpoints, servicesAt } from '../../discovery/internal.js'

/** How clients find what they talk to. */
export interface SimulateClientsOptions {
  /** Whose time passes and whose chance decides, such as `createVirtualEnv()`. */
  readonly env: Env
  /** What they ask for, such as `web.prod.svc.cluster.local`. */
  readonly name: string
  /** How many, 1 to 10,000. Default 10. */
  readonly clients?: number
  /** Each one's time from request to request, ≥ 1. Default 100. */
  readonly requestEveryMs?: number
  /** Whether an answer is used as long as its TTL says, or asked for before each request. Default true. */
  readonly ttlCaching?: boolean
  /** Whether a connection is used again. An endpoint that is no longer ready closes it. Default false. */
  readonly keepAlive?: boolean
  /** How far the name server and the proxy that they use are behind the registry. Default 0. */
  readonly lagMs?: number
}

/** What became of the requests so far. */
export interface SimulatedClientsReport {
  readonly requests: number
  /** Requests that went to an endpoint that was stopped already. */
  readonly staleHits: number
  /** Requests without anywhere to go: the name had no address, or nothing stood behind it. */
  readonly unresolved: number
  /** Stale hits by endpoint. */
  readonly staleEndpoints: Readonly<Record<string, number>>
}

/** Clients at work. */
export interface SimulatedClients extends Disposable {
  /** Says that what runs as these endpoints has ended: whoever still goes there hits a closed port. */
  endpointStopped(...ids: readonly string[]): void
  report(): SimulatedClientsReport
  /** No further requests. Idempotent. */
  stop(): void
}

/** What the name server and the proxy know. */
interface Known {
  readonly snapshot: RegistrySnapshot
  readonly resolution: Resolution
}

/** One place that an answer leads to: an endpoint of a service, or without one whatever its proxy chooses. */
interface Target {
  readonly service: string
  readonly endpoint?: string
}

interface Client {
  targets: readonly Target[]
  /** The targets are looked up again then. */
  untilMs: number
  /** Where an open connection leads. */
  connected: Target | undefined
}

const SIMULATE_CLIENTS_OPTIONS = /* @__PURE__ */ knownOptions<SimulateClientsOptions>('simulateClients', {
  env: true,
  name: true,
  clients: true,
  requestEveryMs: true,
  ttlCaching: true,
  keepAlive: true,
  lagMs: true,
})
const CLIENTS_MAX = 10_000
let simulations = 0

/**
 * Clients that resolve a name and send requests, as real ones do: they keep answers, use connections again, and are told
 * late. Their name server and their proxy are a consumer of the registry, which acknowledges a revision `lagMs` after it.
 * Counts the requests to endpoints that were stopped; what is stopped in order gets none.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createRegistry, kubernetesNames } from 'keelson/discovery'
 * import { createVirtualEnv, simulateClients } from 'keelson/testing'
 *
 * const registry = createRegistry({ profiles: [kubernetesNames({ ttlSeconds: 5 })] })
 * const endpoint = (id: string, address: string, ready = true) =>
 *   ({ id, addresses: [address], ports: {}, conditions: { ready, serving: true, terminating: !ready } })
 * const endpoints = (isReady: boolean) =>
 *   ({
 *     op: 'set-endpoints', service: 'prod/web', slice: 's',
 *     endpoints: [endpoint('a', '10.0.0.1', isReady), endpoint('b', '10.0.0.2')],
 *   }) as const
 * const service = { namespace: 'prod', name: 'web', mode: 'headless', vips: [], ports: [] } as const
 * registry.apply(1, [{ op: 'set-service', service }, endpoints(true), { op: 'synced' }])
 *
 * const env = createVirtualEnv()
 * const clients = simulateClients(registry, { env, name: 'web.prod.svc.cluster.local', lagMs: 300 })
 * await env.advance(10_000)
 * registry.apply(2, [endpoints(false)]) // drain
 * const acknowledged = registry.waitForConsumers(2, { clock: env.clock, timeoutMs: 10_000 })
 * await env.advance(300)
 * assert.equal((await acknowledged).kind, 'acknowledged')
 * await env.advance(5_000) // what was cached before is forgotten
 * clients.endpointStopped('a')
 * await env.advance(10_000)
 * assert.equal(clients.report().staleHits, 0)
 * ```
 *
 * @throws InvalidError for a number out of bounds
 */
export function simulateClients(registry: Registry, options: SimulateClientsOptions): SimulatedClients {
  assertKnown(options, SIMULATE_CLIENTS_OPTIONS)
  const { clients = 10, requestEveryMs = 100, lagMs = 0 } = options
  assertValid('simulated clients', [
    ...wholeNumber('clients', clients, { min: 1, max: CLIENTS_MAX }),
    ...wholeNumber('requestEveryMs', requestEveryMs, { min: 1 }),
    ...wholeNumber('lagMs', lagMs),
  ])
  return new Clients(registry, options)
}

class Clients implements SimulatedClients {
  readonly #registry: Registry
  readonly #options: SimulateClientsOptions
  readonly #stopped = new Set<string>()
  readonly #cancels = new Map<unknown, Cancel>()
  readonly #stale = new Map<string, number>()
  #known: Known
  #requests = 0
  #unresolved = 0

  constructor(registry: Registry, options: SimulateClientsOptions) {
    const { env, clients = 10, requestEveryMs = 100, lagMs = 0 } = options
    this.#registry = registry
    this.#options = options
    this.#known = this.#look()
    const consumer = registry.consumer(`simulated-clients-${++simulations}`)
    consumer.ack(registry.revision)
    this.#cancels.set(consumer, () => consumer.close())
    const follow = registry.onChange(({ revision }) => {
      const known = this.#look()
      this.#after(lagMs, () => {
        this.#known = known
        consumer.ack(revision)
      })
    })
    this.#cancels.set(follow, follow)
    for (let i = 0; i < clients; i++) {
      const client: Client = { targets: [], untilMs: Number.NEGATIVE_INFINITY, connected: undefined }
      const next = (): void => {
        this.#request(client)
        this.#after(requestEveryMs, next)
      }
      this.#after(Math.floor(env.random.next() * requestEveryMs), next)
    }
  }

  endpointStopped(...ids: readonly string[]): void {
    for (const id of ids) this.#stopped.add(id)
  }

  report(): SimulatedClientsReport {
    return {
      requests: this.#requests,
      staleHits: [...this.#stale.values()].reduce((sum, count) => sum + count, 0),
      unresolved: this.#unresolved,
      staleEndpoints: Object.fromEntries(this.#stale),
    }
  }

  stop(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #after(ms: number, run: () => void): void {
    if (ms === 0) return run()
    const timer = {}
    const cancel = this.#options.env.clock.after(ms, () => {
      this.#cancels.delete(timer)
      run()
    })
    this.#cancels.set(timer, cancel)
  }

  #look(): Known {
    const { name } = this.#options
    const resolution = this.#registry.resolve({ name, type: 'A' })
    const isEmpty = resolution.answers.every(({ type }) => type !== 'A')
    return {
      snapshot: this.#registry.snapshot(),
      resolution: isEmpty ? this.#registry.resolve({ name, type: 'AAAA' }) : resolution,
    }
  }

  #request(client: Client): void {
    this.#requests++
    const { connected } = client
    const target = connected !== undefined && this.#isReady(connected) ? connected : this.#choose(client)
    client.connected = undefined
    const id = target?.endpoint
    if (target === undefined || id === undefined) this.#unresolved++
    else if (this.#stopped.has(id)) this.#stale.set(id, (this.#stale.get(id) ?? 0) + 1)
    else if (this.#options.keepAlive === true) client.connected = target
  }

  #choose(client: Client): Target | undefined {
    const { env, ttlCaching = true } = this.#options
    const nowMs = env.clock.now()
    if (nowMs >= client.untilMs) {
      const { answers } = this.#known.resolution
      const ttl = Math.min(...answers.map(record => record.ttl))
      client.targets = targetsOf(this.#known)
      client.untilMs = ttlCaching && answers.length > 0 ? nowMs + ttl * 1000 : nowMs
    }
    const target = this.#anyOf(client.targets)
    if (target === undefined || target.endpoint !== undefined) return target
    const { service } = target
    const endpoints = this.#known.snapshot.services.get(service)?.endpoints ?? []
    const endpoint = this.#anyOf(eligibleEndpoints(endpoints))?.id
    return endpoint === undefined ? undefined : { service, endpoint }
  }

  #anyOf<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#options.env.random.next() * list.length)]
  }

  /** What the endpoint itself knows, without lag. */
  #isReady({ service, endpoint }: Target): boolean {
    const endpoints = this.#registry.snapshot().services.get(service)?.endpoints ?? []
    return endpoints.some(({ id, conditions }) => id === endpoint && conditions.ready)
  }
}

/** Where the addresses of an answer lead. */
function targetsOf({ snapshot, resolution }: Known): readonly Target[] {
  return resolution.answers.flatMap((record): readonly Target[] => {
    if (record.type !== 'A' && record.type !== 'AAAA') return []
    const { address } = record
    const proxied = snapshot.vips.get(address)
    if (proxied !== undefined) return proxied.map(service => ({ service }))
    return servicesAt(snapshot, address).flatMap(service =>
      (snapshot.services.get(service)?.endpoints ?? [])
        .filter(({ addresses, conditions }) => conditions.ready && addresses.includes(address))
        .map(({ id }) => ({ service, endpoint: id })),
    )
  })
}

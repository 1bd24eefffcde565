import type { Cancel, Endpoint, FieldProblem, Logger } from '../../core/index.js'
import { InvalidError, silentLogger, UsageError } from '../../core/index.js'
import { assertKnown, assertValid, callListener, knownOptions } from '../../core/internal.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import { ChangeClock } from './change-clock.js'
import type { NamingProfile } from './naming-profile.js'
import { resolveWith } from './naming-profile.js'
import type { RegistryChange } from './registry-change.js'
import { refusalOf } from './registry-change.js'
import type {
  ConsumerReport,
  RegistryConsumer,
  RegistryConsumerOptions,
  WaitOptions,
} from './registry-consumers.js'
import { Consumers } from './registry-consumers.js'
import type { RegistryProblem } from './registry-problems.js'
import { verifySnapshot } from './registry-problems.js'
import type { RegistrySnapshot } from './registry-snapshot.js'
import { applyChanges, emptySnapshot, heldIn } from './registry-snapshot.js'
import type { TracedResolution } from './traced-resolution.js'
import { traceResolution } from './traced-resolution.js'

/** How a registry is made. */
export interface RegistryOptions {
  /** Which names are served; asked in this order. Default none: every question is REFUSED. */
  readonly profiles?: readonly NamingProfile[]
  /** Told about listeners that throw. Default silent. */
  readonly logger?: Logger
}

/** What one revision changed. */
export interface RegistryDelta {
  readonly revision: number
  /** Keys of the services whose specification or endpoints were written, sorted. */
  readonly services: readonly string[]
  readonly snapshot: RegistrySnapshot
}

/** Which endpoints are meant: those for new traffic, those that still answer, or all. */
export type EndpointFilter = 'ready' | 'serving' | 'all'

/**
 * Services and endpoints by revision. Names, reverse names and balancing sets are derived from it, never edited.
 *
 * Guarantees: what one call applies is visible whole or not at all; a snapshot never changes; listeners hear each call
 * once, in order, after it is visible; the cost of `apply` follows the services touched, not those that exist.
 */
export interface Registry {
  readonly revision: number
  /**
   * Takes over all changes of one revision of the source.
   *
   * @param revision at least the last one; with an equal one the changes add to it
   * @throws InvalidError when a change is not acceptable or the revision goes back; nothing is changed then
   * @throws KeelsonError `AlreadyExists` when a name is that of another `source`; nothing is changed then
   * @throws UsageError when called from a listener
   */
  apply(revision: number, changes: readonly RegistryChange[]): RegistrySnapshot
  snapshot(): RegistrySnapshot
  resolve(question: RegistryQuestion): Resolution
  /** As `resolve`, for caches: with the parts of the registry that the answer was made from. */
  trace(question: RegistryQuestion): TracedResolution
  /** How many times `apply` has changed it: what it is at one count it stays. */
  readonly changes: number
  /** At which count of `changes` the part of a trace has changed last. */
  changedAt(part: number): number
  /** Endpoints of a service by key `namespace/name`, by id; empty when the service is unknown. Default `ready`. */
  endpoints(service: string, filter?: EndpointFilter): readonly Endpoint[]
  onChange(listener: (delta: RegistryDelta) => void): Cancel
  /**
   * Registers a consumer whose acknowledgement matters, such as a proxy that still sends traffic to old endpoints.
   * At most 1000 of this process at a time.
   *
   * @throws UsageError when the name is taken or there are too many
   */
  consumer(name: string, options?: RegistryConsumerOptions): RegistryConsumer
  /**
   * Resolves when the registry has reached `revision` and every open consumer has acknowledged it, or when the
   * time is over. With it, an endpoint is taken out in order: remove it, wait, then stop what ran there.
   *
   * Errors: `InvalidError` for what is no revision; `UsageError` when 10 000 wait already.
   */
  waitForConsumers(revision: number, options: WaitOptions): Promise<ConsumerReport>
  /** What the registry and all its consumers in this process have reached. */
  acknowledgedRevision(): number
  /** Told when that may have changed. */
  onAcknowledged(listener: () => void): Cancel
  /** Invariants that the source broke: shared VIPs, endpoints without a service. Empty when all is well. */
  verify(): readonly RegistryProblem[]
}

const REGISTRY_OPTIONS = /* @__PURE__ */ knownOptions<RegistryOptions>('createRegistry', {
  profiles: true,
  logger: true,
})

/**
 * Makes an empty registry.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createRegistry, kubernetesNames } from 'keelson/discovery'
 *
 * const registry = createRegistry({ profiles: [kubernetesNames()] })
 * registry.apply(1, [
 *   {
 *     op: 'set-service',
 *     service: {
 *       namespace: 'prod', name: 'web', mode: 'vip', vips: ['10.96.0.7'],
 *       ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
 *     },
 *   },
 *   { op: 'synced' },
 * ])
 * const { answers, revision } = registry.resolve({ name: 'web.prod.svc.cluster.local.', type: 'A' })
 * assert.equal(answers[0]?.type === 'A' && answers[0].address, '10.96.0.7')
 * assert.equal(revision, 1)
 * ```
 */
export function createRegistry(options: RegistryOptions = {}): Registry {
  assertKnown(options, REGISTRY_OPTIONS)
  const { profiles = [], logger = silentLogger } = options
  return new MemoryRegistry(profiles, logger)
}

/** Its functions are its own, so that they may be taken out of it. */
class MemoryRegistry implements Registry {
  readonly #profiles: Required<RegistryOptions>['profiles']
  readonly #logger: Required<RegistryOptions>['logger']
  readonly #listeners = new Set<(delta: RegistryDelta) => void>()
  readonly #consumers = new Consumers(() => this.revision)
  readonly #clock = new ChangeClock()
  #current = emptySnapshot()
  #applying = false

  constructor(profiles: Required<RegistryOptions>['profiles'], logger: Required<RegistryOptions>['logger']) {
    this.#profiles = profiles
    this.#logger = logger
  }

  get revision(): number {
    return this.#current.revision
  }

  get changes(): number {
    return this.#clock.now
  }

  readonly apply: Registry['apply'] = (revision, changes) => {
    if (this.#applying)
      throw new UsageError('apply was called from a registry listener; defer it to a step of its own')
    assertRevision(this.#current, revision)
    assertChanges(this.#current, changes)
    this.#current = applyChanges(this.#current, revision, changes, this.#clock.written)
    this.#clock.tick()
    this.#applying = true
    this.#tell({ revision, services: touched(changes), snapshot: this.#current })
    this.#applying = false
    this.#consumers.advanced()
    return this.#current
  }

  readonly snapshot: Registry['snapshot'] = () => this.#current

  readonly resolve: Registry['resolve'] = question => resolveWith(this.#profiles, this.#current, question)

  readonly trace: Registry['trace'] = question => traceResolution(this.#profiles, this.#current, question)

  readonly changedAt: Registry['changedAt'] = part => this.#clock.changedAt(part)

  readonly endpoints: Registry['endpoints'] = (service, filter = 'ready') =>
    endpointsOf(this.#current, service, filter)

  readonly onChange: Registry['onChange'] = listener => {
    const entry = (delta: RegistryDelta): unknown => listener(delta)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  readonly consumer: Registry['consumer'] = (name, options) => this.#consumers.open(name, options)

  readonly waitForConsumers: Registry['waitForConsumers'] = (revision, wait) =>
    this.#consumers.wait(revision, wait)

  readonly acknowledgedRevision: Registry['acknowledgedRevision'] = () => this.#consumers.acknowledged()

  readonly onAcknowledged: Registry['onAcknowledged'] = listener =>
    this.#consumers.onAcknowledged(() =>
      callListener(listener, error => this.#logger.error({ error }, 'a registry listener failed')),
    )

  readonly verify: Registry['verify'] = () => verifySnapshot(this.#current)

  #tell(delta: RegistryDelta): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue
      callListener(
        () => listener(delta),
        error => this.#logger.error({ error, revision: delta.revision }, 'a registry listener failed'),
      )
    }
  }
}

/** Endpoints of one service of a snapshot; none while the service itself is unknown. */
function endpointsOf(
  snapshot: RegistrySnapshot,
  service: string,
  filter: EndpointFilter = 'ready',
): readonly Endpoint[] {
  const view = snapshot.services.get(service)
  if (view?.service === undefined) return []
  if (filter === 'all') return view.endpoints
  return view.endpoints.filter(({ conditions }) => conditions[filter])
}

function assertChanges(current: RegistrySnapshot, changes: readonly RegistryChange[]): void {
  assertValid('registry changes', listProblems(changes))
  const held = heldIn(current)
  for (const change of changes) {
    const refusal = refusalOf(change, held)
    if (refusal !== undefined) throw refusal
  }
}

function listProblems(changes: unknown): readonly FieldProblem[] {
  return Array.isArray(changes)
    ? []
    : [{ field: 'changes', value: changes, message: 'must be a list of changes' }]
}

function assertRevision(current: RegistrySnapshot, revision: number): void {
  if (Number.isSafeInteger(revision) && revision >= current.revision) return
  const message = `must be a whole number of at least ${current.revision}: revisions are applied in order`
  throw new InvalidError('registry revision', [{ field: 'revision', value: revision, message }])
}

function touched(changes: readonly RegistryChange[]): readonly string[] {
  const keys = changes.flatMap(change => {
    if (change.op === 'set-service') return [`${change.service.namespace}/${change.service.name}`]
    return 'service' in change ? [change.service] : []
  })
  return [...new Set(keys)].sort()
}

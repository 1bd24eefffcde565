import { UsageError } from '../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../core/internal.js'
import { findBest, scoreNode } from './classes/best-node.js'
import { ClassTable } from './classes/class-table.js'
import type { ClusterState, StateChange } from './cluster-state.js'
import type { PlacementExplanation } from './explanation.js'
import { explainPlacement, refusalsOf, rejectionOf } from './explanation.js'
import type { NodeDescription } from './nodes/node-description.js'
import { checkNodeDescription } from './nodes/node-description.js'
import type { PlaceOnResult, PlaceResult } from './place-result.js'
import { NODE_GONE } from './place-result.js'
import type { FilterReason, Profile } from './plugins/plugin.js'
import { checkProfile } from './plugins/profile-check.js'
import { spreadProfile } from './profiles/spread.js'
import { whatIsGiven } from './requests/given-parts.js'
import type { PlacementRequest } from './requests/placement-request.js'
import { checkPlacementRequest } from './requests/placement-request.js'
import type { Reservation } from './reserved-room.js'
import { NodeExistsError, NodeNotFoundError, TaskPlacedError } from './scheduler-errors.js'
import { StateVersion } from './state-versions.js'
import type { TaskPlacement } from './task-ledger.js'
import { placementOf } from './task-ledger.js'

/** Options of {@link createScheduler}. */
export interface SchedulerOptions {
  /** What rules a node out and what makes it good. Default {@link spreadProfile}. */
  readonly profile?: Profile
  /**
   * How many classes of requests are remembered, at least 1; the least recently used are forgotten. A class remembers
   * about 20 bytes for each node that it was asked about often; eight times 150 more are shared. Default 1,024.
   */
  readonly classesMax?: number
}

/**
 * Decides which node a task goes to. Holds all state in memory; no I/O, no clock, no chance.
 *
 * Guarantees: `place` returns the best node of all, by the profile; it never takes more of a resource than a node
 * has; equal nodes, tasks and requests give equal answers, whatever order they were added in, because ties go to
 * the lowest node name. A call that throws changes nothing.
 */
export interface Scheduler {
  readonly profile: Profile
  readonly nodeCount: number
  readonly taskCount: number
  /**
   * Makes a node known. Tasks that were added for it before are counted in.
   *
   * @throws KeelsonError `AlreadyExists` when the node is known; `Invalid` when it is not acceptable
   */
  addNode(node: NodeDescription): void
  /**
   * Replaces what is known of a node; its tasks stay, even if they no longer fit.
   *
   * @throws KeelsonError `NotFound` when the node is not known; `Invalid` when it is not acceptable
   */
  updateNode(node: NodeDescription): void
  /** Forgets a node; its tasks stay recorded until they are removed. False when it was not known. */
  removeNode(name: string): boolean
  /** The node as it was last described. */
  node(name: string): NodeDescription | undefined
  /** Every node as it was last described, in the order of their names. */
  nodes(): readonly NodeDescription[]
  /**
   * A number that changes whenever the node, or what is placed on it, changes; what is tried in a `fork()` changes that of
   * the fork. 0 when the node is not known.
   */
  nodeVersion(name: string): number
  /**
   * Counts a task in that has its node already, whether it fits or not. Replaces a task of the same key. Of its
   * request, selectors, tolerations and constraints are kept for later, such as when its node is drained.
   *
   * @throws InvalidError; KeelsonError `OutOfRange` when a total on the node would pass 2^53−1
   */
  addTask(task: TaskPlacement): void
  /**
   * Holds room on a node for the request with that key, whether it is there yet or not. Nobody else gets it; the
   * request is placed as if it were free, and then it is given up. `removeTask(name)` gives it up, too.
   *
   * @throws as `addTask`
   */
  reserve(reservation: Reservation): void
  /** Forgets a task and frees what it held. False when it was not known. */
  removeTask(key: string): boolean
  task(key: string): TaskPlacement | undefined
  /** The tasks recorded for a node, known or not, in the order of their keys. */
  tasksOn(node: string): readonly TaskPlacement[]
  /**
   * Picks the best node and counts the task in on it; `removeTask` takes that back. The first request of its class
   * costs work in proportion to the number of nodes, further ones in proportion to what changed since.
   *
   * Parts of the request, such as its amounts, are taken as they are: do not change them afterwards.
   *
   * @throws KeelsonError `AlreadyExists` when a task of that key is recorded; `Invalid` when the request is not
   * acceptable
   */
  place(request: PlacementRequest): PlaceResult
  /**
   * Counts the request in on that node if its filters let it on now, whatever its scores are.
   *
   * @throws as `place`
   */
  placeOn(request: PlacementRequest, node: string): PlaceOnResult
  /** Whether the request would fit on that node now. False when the node is not known. */
  fits(request: PlacementRequest, node: string): boolean
  /** Whether the request would fit on some node now. It costs what changed since the last request of its class. */
  fitsAnywhere(request: PlacementRequest): boolean
  /** Whether a task that lost its node now would fit on another one. False when the task is not known. */
  fitsElsewhere(key: string): boolean
  /** The score that the node would have for the request; undefined when it does not fit there, or is not known. */
  scoreOn(request: PlacementRequest, node: string): number | undefined
  /** Why the request does not fit on that node now; empty when it does, or the node is not known. */
  refusalsOn(request: PlacementRequest, node: string): readonly FilterReason[]
  /** What every filter and score says of every node. Places nothing. */
  explain(request: PlacementRequest): PlacementExplanation
  /**
   * An independent copy, to try something out. It costs nothing; to go back and forth between copies costs as much as
   * was changed in them.
   */
  fork(): Scheduler
}

const SCHEDULER_OPTIONS = /* @__PURE__ */ knownOptions<SchedulerOptions>('createScheduler', {
  profile: true,
  classesMax: true,
})

/**
 * Creates a scheduler without nodes.
 *
 * @throws InvalidError when the profile has two plugins of one name or an invalid weight
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { parseResources, renderReasons } from 'keelson/core'
 * import { createScheduler } from 'keelson/scheduling'
 *
 * const scheduler = createScheduler()
 * scheduler.addNode({ name: 'n1', allocatable: parseResources({ cpu: 2, memory: '4Gi' }) })
 * scheduler.addNode({ name: 'n2', allocatable: parseResources({ cpu: 4, memory: '8Gi' }) })
 *
 * const requests = parseResources({ cpu: '1500m', memory: '1Gi' })
 * const first = scheduler.place({ key: 'default/web-1', requests })
 * assert.equal(first.kind === 'placed' && first.node, 'n2')
 *
 * const large = scheduler.place({ key: 'default/db', requests: parseResources({ cpu: 8 }) })
 * assert.equal(
 *   large.kind === 'unschedulable' && renderReasons(large.reasons),
 *   '0/2 nodes are available: 2 Insufficient cpu.',
 * )
 * ```
 */
export function createScheduler(options: SchedulerOptions = {}): Scheduler {
  assertKnown(options, SCHEDULER_OPTIONS)
  const { profile = spreadProfile(), classesMax = 1_024 } = options
  checkProfile(profile)
  assertValid('scheduler', wholeNumber('classesMax', classesMax, { min: 1 }))
  const version = new StateVersion()
  const { table, registry } = version.state
  return new ClusterScheduler(
    profile,
    version,
    new ClassTable({ profile, table, registry, known: new Map() }, classesMax),
  )
}

/** What a scheduler decides on: not to be changed past the scheduler, nor kept over a change of a fork. */
export function partsOf(scheduler: Scheduler): {
  readonly state: ClusterState
  readonly classes: ClassTable
  /** See {@link StateVersion.mark}. */
  readonly mark: () => () => void
} {
  if (scheduler instanceof ClusterScheduler) return scheduler.parts
  throw new UsageError('the scheduler is not one of createScheduler, nor a fork of one', {})
}
class ClusterScheduler implements Scheduler {
  readonly profile: Profile
  readonly #version: StateVersion
  readonly #classes: ClassTable

  constructor(profile: Profile, version: StateVersion, classes: ClassTable) {
    this.profile = profile
    this.#version = version
    this.#classes = classes
  }

  get parts(): ReturnType<typeof partsOf> {
    return { state: this.#version.state, classes: this.#classes, mark: () => this.#version.mark() }
  }

  get nodeCount(): number {
    return this.#version.state.table.size
  }

  get taskCount(): number {
    return this.#version.state.ledger.size
  }

  addNode(node: NodeDescription): void {
    checkNodeDescription(node)
    if (this.node(node.name) !== undefined) throw new NodeExistsError(node.name)
    this.#version.apply({ kind: 'node', name: node.name, before: undefined, after: node })
  }

  updateNode(node: NodeDescription): void {
    checkNodeDescription(node)
    const before = this.node(node.name)
    if (before === undefined) throw new NodeNotFoundError(node.name)
    this.#version.apply({ kind: 'node', name: node.name, before, after: node })
  }

  removeNode(name: string): boolean {
    const before = this.node(name)
    if (before === undefined) return false
    this.#version.apply({ kind: 'node', name, before, after: undefined })
    return true
  }

  node(name: string): NodeDescription | undefined {
    return this.#version.state.table.find(name)?.description
  }

  nodes(): readonly NodeDescription[] {
    return [...this.#version.state.table.rows()].map(({ description }) => description)
  }

  nodeVersion(name: string): number {
    return this.#version.state.table.find(name)?.version ?? 0
  }

  addTask(task: TaskPlacement): void {
    checkPlacementRequest(task)
    this.#setTask(task.key, { ...task })
  }

  reserve({ name, node, forKey, requests = {}, hostPorts = [], held = [] }: Reservation): void {
    this.addTask({ key: name, node, requests, hostPorts, held, reservedFor: forKey })
  }

  removeTask(key: string): boolean {
    if (this.task(key) === undefined) return false
    this.#setTask(key, undefined)
    return true
  }

  task(key: string): TaskPlacement | undefined {
    return this.#version.state.ledger.get(key)
  }

  tasksOn(node: string): readonly TaskPlacement[] {
    return this.#version.state.ledger.on(node)
  }

  place(request: PlacementRequest): PlaceResult {
    const { table } = this.#version.state
    const held = this.#heldForNew(request)
    if (held.length > 0) return this.#intoReserved(held, () => this.place(request))
    const one = this.#classes.of(request)
    const best = findBest(one, table)
    if (best === undefined) return { kind: 'unschedulable', ...rejectionOf(one, table) }
    const { total, scores } = scoreNode(one, table, best)
    const node = best.name
    const given = whatIsGiven(one.request, best)
    const after = placementOf(request, node, given)
    this.#version.apply({ kind: 'task', key: request.key, before: undefined, after }, best)
    return { kind: 'placed', node, score: total, scores, ...given }
  }

  placeOn(request: PlacementRequest, node: string): PlaceOnResult {
    const held = this.#heldForNew(request)
    if (held.length > 0) return this.#intoReserved(held, () => this.placeOn(request, node))
    const one = this.#classes.of(request)
    const row = this.#version.state.table.find(node)
    if (row === undefined) return { kind: 'refused', reasons: [NODE_GONE] }
    if (!one.fits(row)) return { kind: 'refused', reasons: this.refusalsOn(request, node) }
    const given = whatIsGiven(one.request, row)
    this.#setTask(request.key, placementOf(request, node, given))
    return { kind: 'placed', ...given }
  }

  /** Room that is held for a request that is not placed yet. */
  #heldForNew({ key }: PlacementRequest): readonly TaskPlacement[] {
    const { ledger } = this.#version.state
    const earlier = ledger.get(key)
    if (earlier !== undefined) throw new TaskPlacedError(key, earlier.node)
    return ledger.reservedFor(key)
  }

  /** Room that is held for it is free to it, and given up when it is placed, wherever that is. */
  #intoReserved<Result extends { readonly kind: string }>(
    held: readonly TaskPlacement[],
    attempt: () => Result,
  ): Result {
    for (const { key } of held) this.removeTask(key)
    let isPlaced = false
    try {
      const result = attempt()
      isPlaced = result.kind === 'placed'
      return result
    } finally {
      if (!isPlaced) for (const one of held) this.#setTask(one.key, one)
    }
  }

  /** Answers a question about the request as if room that is held for it were free. */
  #withReserved<T>(request: PlacementRequest, ask: () => T): T {
    const held = this.#version.state.ledger.reservedFor(request.key)
    for (const { key } of held) this.removeTask(key)
    try {
      return ask()
    } finally {
      for (const one of held) this.#setTask(one.key, one)
    }
  }

  fits(request: PlacementRequest, node: string): boolean {
    return this.#withReserved(request, () => {
      const { table } = this.#version.state
      const one = this.#classes.of(request)
      const row = table.find(node)
      return row !== undefined && one.fits(row)
    })
  }

  fitsAnywhere(request: PlacementRequest): boolean {
    return this.#withReserved(request, () => {
      const { table } = this.#version.state
      return findBest(this.#classes.of(request), table) !== undefined
    })
  }

  fitsElsewhere(key: string): boolean {
    const task = this.task(key)
    if (task === undefined) return false
    const { uses, globals } = this.#classes.of(task).plugins
    // What leaves a node makes room on that node only, unless somebody looks at others.
    if (uses.length + globals.length === 0) return this.#fitsOffNode(task)
    this.removeTask(key)
    try {
      return this.#fitsOffNode(task)
    } finally {
      this.#setTask(key, task)
    }
  }

  #fitsOffNode(task: TaskPlacement): boolean {
    return this.#withReserved(task, () => {
      const { table } = this.#version.state
      const one = this.#classes.of(task)
      const best = findBest(one, table)
      if (best?.name !== task.node) return best !== undefined
      for (const row of table.rows()) if (row !== best && one.fits(row)) return true
      return false
    })
  }

  scoreOn(request: PlacementRequest, node: string): number | undefined {
    return this.#withReserved(request, () => {
      const { table } = this.#version.state
      const one = this.#classes.of(request)
      const row = table.find(node)
      if (row === undefined || !one.fits(row)) return undefined
      if (!one.plugins.isLocal) one.sync()
      return scoreNode(one, table, row).total
    })
  }

  refusalsOn(request: PlacementRequest, node: string): readonly FilterReason[] {
    return this.#withReserved(request, () => {
      const one = this.#classes.of(request)
      one.syncDomains()
      const row = this.#version.state.table.find(node)
      return row === undefined ? [] : refusalsOf(one, row).flatMap(({ reasons }) => reasons)
    })
  }

  explain(request: PlacementRequest): PlacementExplanation {
    return this.#withReserved(request, () => {
      const { table } = this.#version.state
      return explainPlacement(this.#classes.of(request), table)
    })
  }

  fork(): Scheduler {
    return new ClusterScheduler(this.profile, this.#version.fork(), this.#classes)
  }

  #setTask(key: string, after: TaskPlacement | undefined): void {
    const change: StateChange = { kind: 'task', key, before: this.task(key), after }
    this.#version.apply(change)
  }
}

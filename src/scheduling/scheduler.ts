import type { ReasonSummary } from '../core/index.js'
import type { PluginScore } from './evaluate.js'
import { findBestNode, fitsOn, hasRoom } from './evaluate.js'
import type { PlacementExplanation } from './explanation.js'
import { explainPlacement, summarizeRefusals } from './explanation.js'
import type { NodeDescription } from './nodes/node-description.js'
import { checkNodeDescription } from './nodes/node-description.js'
import { NodeTable } from './nodes/node-table.js'
import type { Profile } from './plugins/plugin.js'
import { checkProfile } from './plugins/profile-check.js'
import { spreadProfile } from './profiles/spread.js'
import type { PlacementRequest, PreparedRequest } from './requests/placement-request.js'
import { checkPlacementRequest, prepareRequest } from './requests/placement-request.js'
import { NodeExistsError, NodeNotFoundError, TaskPlacedError } from './scheduler-errors.js'
import { fewest, siblingsOf } from './sibling-view.js'
import type { TaskPlacement } from './task-ledger.js'
import { TaskLedger } from './task-ledger.js'

/** Options of {@link createScheduler}. */
export interface SchedulerOptions {
  /** What rules a node out and what makes it good. Default {@link spreadProfile}. */
  readonly profile?: Profile
}

/** What became of a request. */
export type PlaceResult =
  | {
      readonly kind: 'placed'
      readonly node: string
      /** The sum of `score · weight` over the profile's scores. */
      readonly score: number
      readonly scores: readonly PluginScore[]
    }
  | {
      readonly kind: 'unschedulable'
      /** Every reason of every node, counted; `renderReasons` of `keelson/core` puts it in a sentence. */
      readonly reasons: ReasonSummary
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
  /**
   * Counts a task in that has its node already, whether it fits or not. Replaces a task of the same key. Of its
   * request, selectors, tolerations and constraints are kept for later, such as when its node is drained.
   *
   * @throws InvalidError; KeelsonError `OutOfRange` when a total on the node would pass 2^53−1
   */
  addTask(task: TaskPlacement): void
  /** Forgets a task and frees what it held. False when it was not known. */
  removeTask(key: string): boolean
  task(key: string): TaskPlacement | undefined
  /** The tasks recorded for a node, known or not, in the order of their keys. */
  tasksOn(node: string): readonly TaskPlacement[]
  /**
   * Picks the best node and counts the task in on it; `removeTask` takes that back. Work is proportional to the
   * number of nodes.
   *
   * @throws KeelsonError `AlreadyExists` when a task of that key is recorded; `Invalid` when the request is not
   * acceptable
   */
  place(request: PlacementRequest): PlaceResult
  /** Whether the request would fit on that node now. False when the node is not known. */
  fits(request: PlacementRequest, node: string): boolean
  /** What every filter and score says of every node. Places nothing. */
  explain(request: PlacementRequest): PlacementExplanation
  /** An independent copy, to try something out. Work is proportional to the number of nodes and tasks. */
  fork(): Scheduler
}

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
  const { profile = spreadProfile() } = options
  checkProfile(profile)
  return new ClusterScheduler(profile, new NodeTable(), new TaskLedger())
}

class ClusterScheduler implements Scheduler {
  readonly profile: Profile
  readonly #table: NodeTable
  readonly #ledger: TaskLedger

  constructor(profile: Profile, table: NodeTable, ledger: TaskLedger) {
    this.profile = profile
    this.#table = table
    this.#ledger = ledger
  }

  get nodeCount(): number {
    return this.#table.size
  }

  get taskCount(): number {
    return this.#ledger.size
  }

  addNode(node: NodeDescription): void {
    checkNodeDescription(node)
    if (this.#table.find(node.name) !== undefined) throw new NodeExistsError(node.name)
    const row = this.#table.add(node)
    try {
      for (const task of this.#ledger.on(node.name)) this.#table.occupy(row, task)
    } catch (error) {
      this.#table.remove(row)
      throw error
    }
  }

  updateNode(node: NodeDescription): void {
    checkNodeDescription(node)
    const row = this.#table.find(node.name)
    if (row === undefined) throw new NodeNotFoundError(node.name)
    this.#table.update(row, node)
  }

  removeNode(name: string): boolean {
    const row = this.#table.find(name)
    if (row !== undefined) this.#table.remove(row)
    return row !== undefined
  }

  node(name: string): NodeDescription | undefined {
    return this.#table.find(name)?.description
  }

  addTask(task: TaskPlacement): void {
    checkPlacementRequest(task)
    const earlier = this.#ledger.get(task.key)
    this.removeTask(task.key)
    try {
      this.#record(task)
    } catch (error) {
      if (earlier !== undefined) this.#record(earlier)
      throw error
    }
  }

  removeTask(key: string): boolean {
    const task = this.#ledger.remove(key)
    if (task === undefined) return false
    const row = this.#table.find(task.node)
    if (row !== undefined) this.#table.vacate(row, task)
    return true
  }

  task(key: string): TaskPlacement | undefined {
    return this.#ledger.get(key)
  }

  tasksOn(node: string): readonly TaskPlacement[] {
    return this.#ledger.on(node)
  }

  place(request: PlacementRequest): PlaceResult {
    const earlier = this.#ledger.get(request.key)
    if (earlier !== undefined) throw new TaskPlacedError(request.key, earlier.node)
    const prepared = this.#prepare(request)
    const best = findBestNode(prepared, this.#table, this.profile)
    if (best === undefined) {
      return { kind: 'unschedulable', reasons: summarizeRefusals(prepared, this.#table, this.profile) }
    }
    const node = best.row.name
    this.#record({ ...request, node })
    return { kind: 'placed', node, score: best.total, scores: best.scores }
  }

  fits(request: PlacementRequest, node: string): boolean {
    const prepared = this.#prepare(request)
    const row = this.#table.find(node)
    return row !== undefined && fitsOn(prepared, row, this.profile)
  }

  explain(request: PlacementRequest): PlacementExplanation {
    return explainPlacement(this.#prepare(request), this.#table, this.profile)
  }

  fork(): Scheduler {
    return new ClusterScheduler(this.profile, this.#table.clone(), this.#ledger.clone())
  }

  #prepare(request: PlacementRequest): PreparedRequest {
    const siblings = siblingsOf(request, this.#table, this.#ledger)
    const prepared = prepareRequest(request, this.#table.columns, {
      ...siblings,
      fewest: attribute =>
        fewest(
          attribute,
          siblings,
          this.#table.rows.filter(row => hasRoom(prepared, row, this.profile)),
        ),
    })
    return prepared
  }

  #record(task: TaskPlacement): void {
    const row = this.#table.find(task.node)
    if (row !== undefined) this.#table.occupy(row, task)
    this.#ledger.add(task)
  }
}

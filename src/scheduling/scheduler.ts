import { type FieldProblem, InvalidError, type ReasonSummary, type ResourceVector } from '../core/index.js'
import { NodeExistsError, NodeNotFoundError, TaskPlacedError } from './errors.js'
import { findBestNode, fitsOn, type PluginScore } from './evaluate.js'
import { explainPlacement, type PlacementExplanation, summarizeRefusals } from './explanation.js'
import { type HostPort } from './host-ports.js'
import { checkNodeDescription, type NodeDescription } from './node-description.js'
import { NodeTable } from './node-table.js'
import { checkPlacementRequest, type PlacementRequest, prepareRequest } from './placement-request.js'
import { type Profile } from './plugin.js'
import { spreadProfile } from './profiles/spread.js'
import { TaskLedger } from './task-ledger.js'

/** Options of {@link createScheduler}. */
export interface SchedulerOptions {
  /** What rules a node out and what makes it good. Default {@link spreadProfile}. */
  readonly profile?: Profile
}

/** A task that has its node. */
export interface TaskPlacement {
  /** Unique among the tasks that the scheduler knows. */
  readonly key: string
  /** Name of the node; it need not be known yet. */
  readonly node: string
  /** Amounts in base units. Default: nothing but one of the node's `pods`. */
  readonly requests?: ResourceVector
  readonly hostPorts?: readonly HostPort[]
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
   * @throws NodeExistsError, InvalidError
   */
  addNode(node: NodeDescription): void
  /**
   * Replaces what is known of a node; its tasks stay, even if they no longer fit.
   *
   * @throws NodeNotFoundError, InvalidError
   */
  updateNode(node: NodeDescription): void
  /** Forgets a node; its tasks stay recorded until they are removed. False when it was not known. */
  removeNode(name: string): boolean
  /** The node as it was last described. */
  node(name: string): NodeDescription | undefined
  /**
   * Counts a task in that has its node already, whether it fits or not. Replaces a task of the same key.
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
   * @throws TaskPlacedError when a task of that key is recorded; InvalidError when the request is not acceptable
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
 * @throws InvalidError when the profile has two plugins of one name or a weight that is no number of at least 0
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
  return schedulerOf(profile, new NodeTable(), new TaskLedger())
}

function schedulerOf(profile: Profile, table: NodeTable, ledger: TaskLedger): Scheduler {
  const release = (key: string): boolean => {
    const task = ledger.remove(key)
    if (task === undefined) return false
    const row = table.find(task.node)
    if (row !== undefined) table.vacate(row, task)
    return true
  }
  const record = (task: TaskPlacement): void => {
    const { key, node, requests = {}, hostPorts = [] } = task
    const row = table.find(node)
    const entry = { key, node, requests, hostPorts }
    if (row !== undefined) table.occupy(row, entry)
    ledger.add(entry)
  }
  return {
    profile,
    get nodeCount() {
      return table.size
    },
    get taskCount() {
      return ledger.size
    },
    addNode(node) {
      checkNodeDescription(node)
      if (table.find(node.name) !== undefined) throw new NodeExistsError(node.name)
      const row = table.add(node)
      try {
        for (const task of ledger.on(node.name)) table.occupy(row, task)
      } catch (error) {
        table.remove(row)
        throw error
      }
    },
    updateNode(node) {
      checkNodeDescription(node)
      const row = table.find(node.name)
      if (row === undefined) throw new NodeNotFoundError(node.name)
      table.update(row, node)
    },
    removeNode(name) {
      const row = table.find(name)
      if (row !== undefined) table.remove(row)
      return row !== undefined
    },
    node: name => table.find(name)?.description,
    addTask(task) {
      checkPlacementRequest(task)
      const earlier = ledger.get(task.key)
      release(task.key)
      try {
        record(task)
      } catch (error) {
        if (earlier !== undefined) record(earlier)
        throw error
      }
    },
    removeTask: release,
    task: key => ledger.get(key),
    tasksOn: node => ledger.on(node),
    place(request) {
      const earlier = ledger.get(request.key)
      if (earlier !== undefined) throw new TaskPlacedError(request.key, earlier.node)
      const prepared = prepareRequest(request, table.columns)
      const best = findBestNode(prepared, table, profile)
      if (best === undefined) {
        return { kind: 'unschedulable', reasons: summarizeRefusals(prepared, table, profile) }
      }
      const node = best.row.name
      record({ key: request.key, node, requests: prepared.requests, hostPorts: prepared.hostPorts })
      return { kind: 'placed', node, score: best.total, scores: best.scores }
    },
    fits(request, node) {
      const prepared = prepareRequest(request, table.columns)
      const row = table.find(node)
      return row !== undefined && fitsOn(prepared, row, profile)
    },
    explain: request => explainPlacement(prepareRequest(request, table.columns), table, profile),
    fork: () => schedulerOf(profile, table.clone(), ledger.clone()),
  }
}

function checkProfile(profile: Profile): void {
  const problems: FieldProblem[] = []
  const names = new Set<string>()
  const plugins = [
    ...profile.filters.map((plugin, index) => ({ field: `filters[${index}]`, name: plugin.name })),
    ...profile.scores.map(({ plugin }, index) => ({ field: `scores[${index}].plugin`, name: plugin.name })),
  ]
  for (const { field, name } of plugins) {
    if (names.has(name)) problems.push({ field: `${field}.name`, value: name, message: 'is given twice' })
    names.add(name)
  }
  for (const [index, { weight }] of profile.scores.entries()) {
    if (Number.isFinite(weight) && weight >= 0) continue
    problems.push({ field: `scores[${index}].weight`, value: weight, message: 'must be a number of at least 0' })
  }
  if (problems.length > 0) throw new InvalidError(`profile ${profile.name}`, problems)
}

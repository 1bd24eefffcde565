import type { Constraint, ConstraintSet, FieldProblem, ResourceVector, Toleration } from '../../core/index.js'
import { compileConstraints, InvalidError } from '../../core/index.js'
import type { SiblingView } from '../../core/internal.js'
import { wholeNumber } from '../../core/internal.js'
import { hostPortProblems, selfConflictProblems, vectorProblems } from '../nodes/field-problems.js'
import type { HostPort } from '../nodes/host-ports.js'
import type { ResourceColumn, ResourceColumns } from '../nodes/resource-columns.js'
import type { NodeSelector, NodeTest } from './node-selector.js'
import { compileNodeSelector } from './node-selector.js'

/** One task that wants a node. */
export interface PlacementRequest {
  /** Unique among the tasks that the scheduler knows, for example `default/web-1`. */
  readonly key: string
  /** Amounts in base units. Default: nothing but one of the node's `pods`. */
  readonly requests?: ResourceVector
  /** Default: any node. */
  readonly nodeSelector?: NodeSelector
  readonly tolerations?: readonly Toleration[]
  /** Conditions on the node's attributes, labels and name, and on where the siblings are. */
  readonly constraints?: readonly Constraint[]
  readonly hostPorts?: readonly HostPort[]
  /** Tasks of one group are siblings. Default: the task has none. */
  readonly group?: string
  /**
   * How many tasks of the group are wanted in all, this one included; at least 1. Default: those that are placed,
   * and this one.
   */
  readonly instances?: number
  /** Who comes first, and who may make way for whom: the larger. A whole number. Default 0. */
  readonly priority?: number
}

/** One resource that a request asks for. */
export interface Demand {
  readonly resource: string
  readonly column: ResourceColumn
  /** More than 0. */
  readonly amount: number
}

/** A request as plugins see it: checked, with defaults filled in. Valid for one scheduler. */
export interface PreparedRequest {
  readonly key: string
  readonly requests: ResourceVector
  /** The resources asked for, in the order of their names. */
  readonly demands: readonly Demand[]
  /** Undefined when any node will do. */
  readonly selects: NodeTest | undefined
  readonly tolerations: readonly Toleration[]
  /** Undefined when there are none. */
  readonly constraints: ConstraintSet | undefined
  readonly hostPorts: readonly HostPort[]
  readonly group: string | undefined
  readonly priority: number
  /** Where the siblings are. */
  readonly siblings: SiblingView
  /** What the request asks of the resource; 0 when nothing. */
  amount(resource: string): number
  /** Where the scheduler keeps the resource: the argument of a node's `allocatable` and `requested`. */
  column(resource: string): ResourceColumn
}

/**
 * Checks and compiles a request.
 *
 * @throws InvalidError when an amount, a port, the selector or a constraint is not acceptable
 */
export function prepareRequest(
  request: PlacementRequest,
  columns: ResourceColumns,
  siblings: SiblingView,
): PreparedRequest {
  checkNewRequest(request)
  const { key, requests = {}, tolerations = [], hostPorts = [], constraints = [] } = request
  const demands = Object.keys(requests)
    .sort()
    .map(resource => ({ resource, column: columns.intern(resource), amount: requests[resource] ?? 0 }))
    .filter(demand => demand.amount > 0)
  const amounts = new Map(demands.map(demand => [demand.resource, demand.amount]))
  return {
    key,
    requests,
    demands,
    selects: compileNodeSelector(request.nodeSelector),
    tolerations,
    constraints: constraints.length === 0 ? undefined : compileConstraints(constraints),
    hostPorts: hostPorts.filter(port => port.port !== 0),
    group: request.group,
    priority: request.priority ?? 0,
    siblings,
    amount: resource => amounts.get(resource) ?? 0,
    column: resource => columns.find(resource),
  }
}

/** @throws InvalidError naming every amount, port and number that is not acceptable */
export function checkPlacementRequest(request: PlacementRequest): void {
  const problems: FieldProblem[] = []
  if (typeof request.key !== 'string' || request.key === '') {
    problems.push({ field: 'key', value: request.key, message: 'must be a text that is not empty' })
  }
  const { requests = {}, instances = 1, priority = 0 } = request
  if (Object.hasOwn(requests, 'pods')) {
    const message = 'must be left out: the scheduler itself counts one for each task'
    problems.push({ field: 'requests.pods', value: requests['pods'], message })
  }
  problems.push(
    ...vectorProblems('requests', requests),
    ...hostPortProblems(request.hostPorts),
    ...wholeNumber('instances', instances, { min: 1 }),
    ...wholeNumber('priority', priority, { min: Number.MIN_SAFE_INTEGER }),
  )
  if (problems.length > 0) throw new InvalidError(`placement request ${request.key}`, problems)
}

/**
 * As {@link checkPlacementRequest}, for a task that is still to be placed. What is placed already is counted as it
 * is.
 *
 * @throws InvalidError when it wants a port twice, too
 */
function checkNewRequest(request: PlacementRequest): void {
  checkPlacementRequest(request)
  const problems = selfConflictProblems(request.hostPorts)
  if (problems.length > 0) throw new InvalidError(`placement request ${request.key}`, problems)
}

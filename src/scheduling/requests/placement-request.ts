import type { Constraint, ConstraintSet, FieldProblem, ResourceVector, Toleration } from '../../core/index.js'
import { compileConstraints, InvalidError } from '../../core/index.js'
import { formatConstraint } from '../../core/internal.js'
import { hostPortProblems, vectorProblems } from '../nodes/field-problems.js'
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
  /** Conditions on the node's attributes, labels and name. Operators that look at siblings are refused. */
  readonly constraints?: readonly Constraint[]
  readonly hostPorts?: readonly HostPort[]
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
export function prepareRequest(request: PlacementRequest, columns: ResourceColumns): PreparedRequest {
  checkPlacementRequest(request)
  const { key, requests = {}, tolerations = [], hostPorts = [] } = request
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
    constraints: compileNodeConstraints(request),
    hostPorts: hostPorts.filter(port => port.port !== 0),
    amount: resource => amounts.get(resource) ?? 0,
    column: resource => columns.find(resource),
  }
}

/** @throws InvalidError naming every amount and port that is not acceptable */
export function checkPlacementRequest(
  request: Pick<PlacementRequest, 'key' | 'requests' | 'hostPorts'>,
): void {
  const problems: FieldProblem[] = []
  if (typeof request.key !== 'string' || request.key === '') {
    problems.push({ field: 'key', value: request.key, message: 'must be a text that is not empty' })
  }
  const { requests = {} } = request
  if (Object.hasOwn(requests, 'pods')) {
    const message = 'must be left out: the scheduler itself counts one for each task'
    problems.push({ field: 'requests.pods', value: requests['pods'], message })
  }
  problems.push(...vectorProblems('requests', requests), ...hostPortProblems(request.hostPorts))
  if (problems.length > 0) throw new InvalidError(`placement request ${request.key}`, problems)
}

/** A condition that cannot be kept must not be dropped in silence, so one on siblings is refused. */
function compileNodeConstraints({ key, constraints = [] }: PlacementRequest): ConstraintSet | undefined {
  if (constraints.length === 0) return undefined
  const set = compileConstraints(constraints)
  const [sibling] = set.siblings
  if (sibling === undefined) return set
  const message = 'must look at the node alone; where the siblings of a task are is not known here'
  const value = formatConstraint(sibling.constraint)
  throw new InvalidError(`placement request ${key}`, [{ field: 'constraints', value, message }])
}

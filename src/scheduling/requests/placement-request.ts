import type { Constraint, ConstraintSet, FieldProblem, ResourceVector, Toleration } from '../../core/index.js'
import { compileConstraints, InvalidError } from '../../core/index.js'
import type {
  DeviceRequest,
  NodePreference,
  NodeSelector,
  NodeTest,
  Platform,
  TaskAffinity,
  TopologySpread,
  VolumeClaim,
} from '../../core/internal.js'
import {
  compileNodeSelector,
  placementProblems,
  preferenceProblems,
  wholeNumber,
} from '../../core/internal.js'
import { hostPortProblems, selfConflictProblems, vectorProblems } from '../nodes/field-problems.js'
import type { HostPort } from '../nodes/host-ports.js'
import { isDynamicPort } from '../nodes/host-ports.js'
import type { ResourceColumn, ResourceColumns } from '../nodes/resource-columns.js'
import type { CompiledDeviceRequest } from './device-request.js'
import { compileDeviceRequests } from './device-request.js'
import type { CompiledPreference } from './node-preference.js'
import { compilePreferences } from './node-preference.js'
import { affinityTerm } from './task-affinity.js'
import type { DomainTerm } from './task-set.js'
import { termKey } from './task-set.js'
import type { CompiledVolumeClaim } from './volume-claim.js'
import { compileVolumeClaims } from './volume-claim.js'

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
  /** Devices by kind and attributes; which it gets is said when it is placed. */
  readonly devices?: readonly DeviceRequest[]
  /** Tasks of one group are siblings. Default: the task has none. */
  readonly group?: string
  /**
   * How many tasks of the group are wanted in all, this one included; at least 1. Default: those that are placed,
   * and this one.
   */
  readonly instances?: number
  /** What selectors of other tasks look at. Default: none. */
  readonly labels?: Readonly<Record<string, string>>
  /** Default: the empty one. */
  readonly namespace?: string
  /** Which tasks it wants near it, and which it keeps away. */
  readonly affinity?: readonly TaskAffinity[]
  /** How evenly tasks are to be spread. */
  readonly spread?: readonly TopologySpread[]
  /** Nodes that it would rather have, or rather not. */
  readonly preferences?: readonly NodePreference[]
  /** Names of the images that it needs. */
  readonly images?: readonly string[]
  /** The platforms that it runs on; any one of them will do. Default: every platform. */
  readonly platforms?: readonly Platform[]
  /** Volumes that it needs where it runs. */
  readonly volumes?: readonly VolumeClaim[]
  /** By which name nodes know of failures of tasks like it: see `NodeDescription.failures`. Default: they know of none. */
  readonly failuresOf?: string
  /** Who comes first, and who may make way for whom: the larger. A whole number. Default 0. */
  readonly priority?: number
}

/** Fields of a request that decide where it fits and how well; the others are its own. */
export const DECIDING_FIELDS: readonly RequestField[] = [
  'requests',
  'nodeSelector',
  'tolerations',
  'constraints',
  'hostPorts',
  'devices',
  'group',
  'labels',
  'namespace',
  'affinity',
  'spread',
  'preferences',
  'images',
  'platforms',
  'volumes',
  'failuresOf',
]

/** Whether two requests have the very same parts: as a walk through {@link DECIDING_FIELDS}, but ten times as fast. */
export function hasSameParts(a: PlacementRequest, b: PlacementRequest): boolean {
  return (
    a.requests === b.requests &&
    a.nodeSelector === b.nodeSelector &&
    a.tolerations === b.tolerations &&
    a.constraints === b.constraints &&
    a.hostPorts === b.hostPorts &&
    a.devices === b.devices &&
    a.group === b.group &&
    a.labels === b.labels &&
    a.namespace === b.namespace &&
    a.affinity === b.affinity &&
    a.spread === b.spread &&
    a.preferences === b.preferences &&
    a.images === b.images &&
    a.platforms === b.platforms &&
    a.volumes === b.volumes &&
    a.failuresOf === b.failuresOf
  )
}

/** A field of a request that may decide where it goes. */
export type RequestField = Exclude<keyof PlacementRequest, 'key' | 'instances' | 'priority'>

/** One resource that a request asks for. */
export interface Demand {
  readonly resource: string
  readonly column: ResourceColumn
  /** More than 0. */
  readonly amount: number
}

/**
 * A request as plugins see it: checked, with defaults filled in, and the same for all requests that ask for the same.
 * Valid for one scheduler.
 */
export interface PreparedRequest {
  readonly requests: ResourceVector
  /** The resources asked for, in the order of their names. */
  readonly demands: readonly Demand[]
  /** Undefined when any node will do. */
  readonly selects: NodeTest | undefined
  readonly nodeSelector: NodeSelector | undefined
  readonly tolerations: readonly Toleration[]
  /** Undefined when there are none. */
  readonly constraints: ConstraintSet | undefined
  /** With numbers. */
  readonly hostPorts: readonly HostPort[]
  /** Those that ask for one of a range. */
  readonly dynamicPorts: readonly HostPort[]
  readonly devices: readonly CompiledDeviceRequest[]
  readonly group: string | undefined
  /** How many tasks of the group are wanted at least. */
  readonly instances: number
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly affinity: readonly TaskAffinity[]
  readonly spread: readonly TopologySpread[]
  readonly preferences: readonly CompiledPreference[]
  readonly images: readonly string[]
  readonly platforms: readonly Platform[]
  readonly volumes: readonly CompiledVolumeClaim[]
  readonly failuresOf: string | undefined
  /** What plugins made of it, by what made it. */
  readonly kept: Map<unknown, unknown>
  /** What the request asks of the resource; 0 when nothing. */
  amount(resource: string): number
  /** Where the scheduler keeps the resource: the argument of a node's `allocatable` and `requested`. */
  column(resource: string): ResourceColumn
}

/**
 * Compiles a request that `checkNewRequest` has let pass.
 *
 * @throws InvalidError when the selector, a preference or a constraint is not acceptable
 */
export function prepareRequest(request: PlacementRequest, columns: ResourceColumns): PreparedRequest {
  return new CompiledRequest(request, columns)
}

class CompiledRequest implements PreparedRequest {
  readonly requests: ResourceVector
  readonly demands: readonly Demand[]
  readonly selects: NodeTest | undefined
  readonly nodeSelector: NodeSelector | undefined
  readonly tolerations: readonly Toleration[]
  readonly constraints: ConstraintSet | undefined
  readonly hostPorts: readonly HostPort[]
  readonly dynamicPorts: readonly HostPort[]
  readonly devices: readonly CompiledDeviceRequest[]
  readonly group: string | undefined
  readonly instances: number
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly affinity: readonly TaskAffinity[]
  readonly spread: readonly TopologySpread[]
  readonly preferences: readonly CompiledPreference[]
  readonly images: readonly string[]
  readonly platforms: readonly Platform[]
  readonly volumes: readonly CompiledVolumeClaim[]
  readonly failuresOf: string | undefined
  readonly #columns: ResourceColumns
  #kept: Map<unknown, unknown> | undefined

  constructor(request: PlacementRequest, columns: ResourceColumns) {
    const { requests = NO_AMOUNTS, hostPorts, constraints, preferences, devices } = request
    this.#columns = columns
    this.requests = requests
    this.demands = demandsOf(requests, columns)
    this.selects = compileNodeSelector(request.nodeSelector)
    this.nodeSelector = request.nodeSelector
    this.tolerations = request.tolerations ?? NONE
    this.constraints =
      constraints === undefined || constraints.length === 0 ? undefined : compileConstraints(constraints)
    this.hostPorts = hostPorts?.filter(port => port.port !== 0) ?? NONE
    this.dynamicPorts = hostPorts?.filter(isDynamicPort) ?? NONE
    this.devices = devices === undefined ? NONE : compileDeviceRequests(devices)
    this.group = request.group
    this.instances = request.instances ?? 1
    this.namespace = request.namespace ?? ''
    this.labels = request.labels ?? NO_LABELS
    this.affinity = request.affinity ?? NONE
    this.spread = request.spread ?? NONE
    this.preferences = preferences === undefined ? NONE : compilePreferences(preferences)
    this.images = request.images ?? NONE
    this.platforms = request.platforms ?? NONE
    this.volumes = request.volumes === undefined ? NONE : compileVolumeClaims(request.volumes)
    this.failuresOf = request.failuresOf
  }

  /** Made on first use: most requests come but once. */
  get kept(): Map<unknown, unknown> {
    this.#kept ??= new Map()
    return this.#kept
  }

  amount(resource: string): number {
    for (let index = 0; index < this.demands.length; index++) {
      const demand = this.demands[index] as Demand
      if (demand.resource === resource) return demand.amount
    }
    return 0
  }

  column(resource: string): ResourceColumn {
    return this.#columns.intern(resource)
  }
}

function demandsOf(requests: ResourceVector, columns: ResourceColumns): readonly Demand[] {
  const demands: Demand[] = []
  for (const resource of resourcesOf(requests)) {
    const column = columns.intern(resource)
    const amount = requests[resource] ?? 0
    if (amount > 0) demands.push({ resource, column, amount })
  }
  return demands
}

/** The names of the resources in order. Most vectors have them in order, and sorting two takes longer than looking. */
export function resourcesOf(requests: ResourceVector): readonly string[] {
  const names = Object.keys(requests)
  for (let at = 1; at < names.length; at++)
    if ((names[at] as string) < (names[at - 1] as string)) return names.sort()
  return names
}

/** What of a request says whom it keeps away. */
interface Keeping {
  readonly affinity?: readonly TaskAffinity[] | undefined
  readonly group?: string | undefined
  readonly namespace?: string | undefined
}

/** What rules came to last, for tasks of one group that share them. */
const KEEPING = /* @__PURE__ */ new WeakMap<readonly TaskAffinity[], KeptAway>()

interface KeptAway {
  readonly group: string | undefined
  readonly namespace: string | undefined
  readonly terms: readonly DomainTerm[]
}

/** The terms by which a placed task keeps others away, each once. */
export function keepsAway(request: Keeping): readonly DomainTerm[] {
  const { affinity, group, namespace } = request
  if (affinity === undefined) return NO_TERMS
  const known = KEEPING.get(affinity)
  if (known !== undefined && known.group === group && known.namespace === namespace) return known.terms
  const terms = termsOf(affinity, request)
  KEEPING.set(affinity, { group, namespace, terms })
  return terms
}

function termsOf(rules: readonly TaskAffinity[], request: Keeping): readonly DomainTerm[] {
  const terms = new Map<string, DomainTerm>()
  for (const affinity of rules) {
    if (affinity.kind !== 'antiAffinity' || affinity.weight !== undefined) continue
    const term = affinityTerm(affinity, request)
    terms.set(termKey(term), term)
  }
  return [...terms.values()]
}

const NO_TERMS: readonly DomainTerm[] = Object.freeze([])
const NONE: readonly never[] = Object.freeze([])
const NO_AMOUNTS: ResourceVector = Object.freeze({})
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})

/** @throws InvalidError naming every amount, port and number that is not acceptable */
export function checkPlacementRequest(request: PlacementRequest): void {
  const problems = hasOwnFields(request) ? [] : ownProblems(request)
  const { requests = NO_AMOUNTS, hostPorts } = request
  if (Object.hasOwn(requests, 'pods')) {
    const message = 'must be left out: the scheduler itself counts one for each task'
    problems.push({ field: 'requests.pods', value: requests['pods'], message })
  }
  problems.push(...vectorProblems('requests', requests))
  if (hostPorts !== undefined) problems.push(...hostPortProblems(hostPorts))
  if (problems.length > 0) throw new InvalidError(`placement request ${request.key}`, problems)
}

/**
 * Checks what differs between requests that ask for the same.
 *
 * @throws InvalidError when the key, the priority or the number of instances is not acceptable
 */
export function checkOwnFields(request: PlacementRequest): void {
  if (!hasOwnFields(request)) throw new InvalidError(`placement request ${request.key}`, ownProblems(request))
}

/** As `ownProblems(…).length === 0`, which is asked for every request. */
function hasOwnFields({ key, instances = 1, priority = 0 }: PlacementRequest): boolean {
  const isFine = typeof key === 'string' && key !== '' && Number.isSafeInteger(instances) && instances >= 1
  return isFine && Number.isSafeInteger(priority)
}

function ownProblems({ key, instances = 1, priority = 0 }: PlacementRequest): FieldProblem[] {
  const isKey = typeof key === 'string' && key !== ''
  const message = 'must be a text that is not empty'
  return [
    ...(isKey ? [] : [{ field: 'key', value: key, message }]),
    ...wholeNumber('instances', instances, { min: 1 }),
    ...wholeNumber('priority', priority, { min: Number.MIN_SAFE_INTEGER }),
  ]
}

/**
 * As {@link checkPlacementRequest}, for a task that is still to be placed. What is placed already is counted as it
 * is.
 *
 * @throws InvalidError also when it wants a port twice, or a rule about other tasks is not acceptable
 */
export function checkNewRequest(request: PlacementRequest): void {
  checkPlacementRequest(request)
  const { hostPorts, affinity, spread, devices, volumes, preferences } = request
  if ((hostPorts ?? affinity ?? spread ?? devices ?? volumes ?? preferences) === undefined) return
  const problems = [
    ...selfConflictProblems(hostPorts),
    ...placementProblems(request, '', request.group !== undefined),
    ...preferenceProblems(preferences ?? [], 'preferences'),
  ]
  if (problems.length > 0) throw new InvalidError(`placement request ${request.key}`, problems)
}

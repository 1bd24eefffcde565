import type { Reservation, Task } from '../../api/index.js'
import { reservedAmounts } from '../../api/internal.js'
import type { ResourceVector } from '../../core/index.js'
import { addResources, isKeelsonError, parseResources, parseTime } from '../../core/index.js'
import type { HeldDevices } from '../nodes/devices.js'
import type { HostPort, TakenPort } from '../nodes/host-ports.js'
import type { Scheduler } from '../scheduler.js'
import { isUnassigned, taskKey } from './task-object.js'

/** Room that is held for one task. */
export interface TaskHold {
  /** Name of the reservation. */
  readonly name: string
  readonly node: string
  /** Key of the task. */
  readonly task: string
  readonly requests: ResourceVector
  readonly hostPorts: readonly HostPort[]
  readonly held: readonly HeldDevices[]
  /** Epoch ms; undefined: it does not end by itself. */
  readonly expiresAtMs: number | undefined
}

/** The `Reservation` objects, as they were told: what is held on each node for roles, and what for single tasks. */
export class HeldRoom {
  readonly #byName = new Map<string, Reservation>()
  readonly #byNode = new Map<string, Set<string>>()
  readonly #byTask = new Map<string, Set<string>>()

  /** Takes in a reservation as it is now, and names the nodes that it concerns: none when that was known. */
  set(name: string, reservation: Reservation | undefined): readonly string[] {
    const before = this.#byName.get(name)
    if (before === reservation || versionOf(before) === versionOf(reservation)) return []
    if (before !== undefined) this.#forget(before)
    if (reservation !== undefined) this.#note(reservation)
    const nodes = [before?.spec.nodeName, reservation?.spec.nodeName].filter(node => node !== undefined)
    return [...new Set(nodes)]
  }

  on(node: string): readonly Reservation[] {
    return [...(this.#byNode.get(node) ?? [])].map(name => this.#byName.get(name) as Reservation)
  }

  /** Whether these are the very states of all reservations on the node. */
  knows(node: string, reservations: readonly Reservation[]): boolean {
    return (
      reservations.length === (this.#byNode.get(node)?.size ?? 0) &&
      reservations.every(one => versionOf(this.#byName.get(one.metadata.name)) === versionOf(one))
    )
  }

  /** What is held for the task with this key. */
  forTask(task: string): readonly TaskHold[] {
    return [...(this.#byTask.get(task) ?? [])].flatMap(name => holdOf(this.#byName.get(name) as Reservation))
  }

  /** All that is held for single tasks. */
  forTasks(): readonly TaskHold[] {
    return [...this.#byTask.keys()].flatMap(task => this.forTask(task))
  }

  #note(reservation: Reservation): void {
    const { metadata, spec } = reservation
    this.#byName.set(metadata.name, reservation)
    put(this.#byNode, spec.nodeName, metadata.name)
    if (spec.task !== undefined) put(this.#byTask, taskKey(spec.task), metadata.name)
  }

  #forget({ metadata, spec }: Reservation): void {
    this.#byName.delete(metadata.name)
    take(this.#byNode, spec.nodeName, metadata.name)
    if (spec.task !== undefined) take(this.#byTask, taskKey(spec.task), metadata.name)
  }
}

/**
 * The name of what a scheduler holds for a task while victims leave. One per task: a second one would be refused. It has
 * the uid of the task, so that it is not taken for another of its name.
 */
export function holdNameOf({ metadata }: Task): string {
  return `${HOLD_PREFIX}${metadata.uid}`
}

/** Under which key the scheduler has a reservation; no key of a task begins so. */
export function holdKey(name: string): string {
  return `reservation:${name}`
}

const HOLD_PREFIX = 'task-'

/**
 * Whether a reservation has served its turn: the task has a node, or ended; its time is over. One that a scheduler made
 * is over, too, when the task is gone or the node is. What somebody else made for a task to come stays.
 */
export function isHoldOver(
  { name, node, expiresAtMs = Number.POSITIVE_INFINITY }: TaskHold,
  task: Task | undefined,
  scheduler: Scheduler,
  nowMs: number,
): boolean {
  if (expiresAtMs <= nowMs || (task !== undefined && !isUnassigned(task))) return true
  if (!name.startsWith(HOLD_PREFIX)) return false
  return task === undefined || name !== holdNameOf(task) || scheduler.node(node) === undefined
}

/** What reservations keep for roles, all together. */
export function heldForRoles(reservations: readonly Reservation[]): {
  readonly amounts: ResourceVector
  readonly hostPorts: readonly TakenPort[]
  readonly devices: readonly HeldDevices[]
} {
  const forRoles = reservations.filter(({ spec }) => spec.role !== undefined)
  const specs = forRoles.map(({ spec }) => spec)
  let amounts: ResourceVector = {}
  for (const spec of specs) amounts = addResources(amounts, amountsOf(spec))
  const hostPorts = forRoles.flatMap(({ metadata, spec }) =>
    hostPortsOf(spec).map(port => ({ ...port, reservedBy: holdKey(metadata.name) })),
  )
  return { amounts, hostPorts, devices: specs.flatMap(({ devices = [] }) => devices) }
}

/** A reservation as a hold; none when it is for a role. */
function holdOf({ metadata, spec }: Reservation): readonly TaskHold[] {
  const { task, nodeName, devices: held = [], expireTime } = spec
  if (task === undefined) return []
  const expiresAtMs = expireTime === undefined ? undefined : parseTime(expireTime)
  const room = { requests: amountsOf(spec), hostPorts: hostPortsOf(spec), held }
  return [{ name: metadata.name, node: nodeName, task: taskKey(task), ...room, expiresAtMs }]
}

function hostPortsOf({ ports = [] }: Reservation['spec']): readonly HostPort[] {
  return ports.map(({ hostPort: port, protocol = 'TCP' }) => ({ port, protocol }))
}

/** Amounts that cannot be read hold nothing, as for pools of offers. */
function amountsOf(spec: Reservation['spec']): ResourceVector {
  try {
    return parseResources(reservedAmounts(spec))
  } catch (error) {
    if (isKeelsonError(error)) return {}
    throw error
  }
}

function versionOf(reservation: Reservation | undefined): string | undefined {
  return reservation === undefined
    ? undefined
    : `${reservation.metadata.uid} ${reservation.metadata.resourceVersion}`
}

function put(sets: Map<string, Set<string>>, key: string, name: string): void {
  const known = sets.get(key)
  if (known === undefined) sets.set(key, new Set([name]))
  else known.add(name)
}

function take(sets: Map<string, Set<string>>, key: string, name: string): void {
  const known = sets.get(key)
  known?.delete(name)
  if (known?.size === 0) sets.delete(key)
}

import type { Node, Reservation, Task } from '../../api/index.js'
import { isTaskActive, isTaskFinished } from '../../api/index.js'
import { reservedUse } from '../../api/internal.js'
import type { ResourceVector } from '../../core/index.js'
import { addResources, isKeelsonError } from '../../core/index.js'
import type { NodeDevice } from '../nodes/devices.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { PlaceResult } from '../place-result.js'
import type { ClusterEvent, Profile } from '../plugins/plugin.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import { createScheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { FailedTasks } from './failed-tasks.js'
import { HeldRoom, heldForRoles, holdKey } from './held-room.js'
import { ImageShares } from './image-shares.js'
import { MirroredTasks } from './mirrored-tasks.js'
import { readableNode } from './node-object.js'
import { QueueUse } from './queue-use.js'
import { ReleasedPorts } from './released-ports.js'
import { asksSame, takesSame } from './same-placement.js'
import type { FailureMemoryPolicy } from './scheduling-controller-options.js'
import { groupOfTask, requestOfTask, taskKey, versionOf } from './task-object.js'

/** What a change did to the room in the cluster. */
export type MirrorChange =
  | { readonly kind: 'none' }
  /** Room was given back on a node, or a task came to it. */
  | ClusterEvent
  /** A node came, went or changed. */
  | { readonly kind: 'node'; readonly node: string }

/** What is on a node, as it is together. */
export interface NodeState {
  readonly node: Node | undefined
  /** Those on the node. */
  readonly tasks: readonly Task[]
  /** All that is held on the node. */
  readonly reservations: readonly Reservation[]
}

const NONE: MirrorChange = Object.freeze({ kind: 'none' })

/**
 * A {@link Scheduler} kept in step with objects. Everything it is told is a present state, never an event, so
 * telling it twice, late or out of order does no harm that the next telling does not mend.
 */
export class ClusterMirror {
  readonly scheduler: Scheduler
  /** What is held for somebody. */
  readonly held: HeldRoom = new HeldRoom()
  /** What failed lately. */
  readonly failed: FailedTasks
  /** What was given back lately. */
  readonly released: ReleasedPorts
  /** What queues use. */
  readonly use: QueueUse
  /** All that nodes have for tasks, by resource. */
  readonly capacity: Map<string, number> = new Map()
  /** Which state of each node is mirrored. */
  readonly #nodes = new Map<string, string>()
  readonly #images = new ImageShares()
  /** Each node as it describes itself, with what is held on it for roles. */
  readonly #described = new Map<string, NodeDescription>()
  /** What tasks on a node use of what is held there for roles. */
  readonly #reservedUses = new Map<string, Map<string, ResourceVector>>()
  readonly #tasks = new MirroredTasks()
  /** When each node last changed, or a task came to it that was not assumed here; counted in such changes. */
  readonly #epochs = new Map<string, number>()
  #changes = 0

  constructor(
    profile: Profile,
    use: QueueUse = new QueueUse(undefined),
    memory: { readonly failures?: FailureMemoryPolicy; readonly portCoolDownMs?: number } = {},
  ) {
    this.scheduler = createScheduler({ profile })
    this.failed = new FailedTasks(memory.failures ?? {})
    this.released = new ReleasedPorts(memory.portCoolDownMs ?? 0)
    this.use = use
  }

  /**
   * Takes in a node as it is now; `undefined` when it does not exist. One that cannot be read is there, takes no task,
   * and says so among the reasons.
   */
  setNode(name: string, node: Node | undefined): MirrorChange {
    const version = node === undefined ? undefined : versionOfNode(node)
    if (this.#nodes.get(name) === version) return NONE
    if (version === undefined) this.#nodes.delete(name)
    else this.#nodes.set(name, version)
    const described = node === undefined ? undefined : readableNode(node)
    if (described === undefined) this.#described.delete(name)
    else this.#described.set(name, described)
    const renewed = this.#images.set(name, described === undefined ? undefined : (described.images ?? {}))
    for (const other of renewed) if (other !== name) this.#describe(other)
    return this.#describe(name)
  }

  /** Takes in a reservation as it is now; `undefined` when it does not exist. */
  setReservation(name: string, reservation: Reservation | undefined): MirrorChange {
    const nodes = this.held.set(name, reservation)
    const key = holdKey(name)
    const changes: MirrorChange[] = []
    const before = this.scheduler.task(key)
    if (nodes.length > 0 && before !== undefined && this.scheduler.removeTask(key))
      changes.push({ kind: 'freed', node: before.node, task: before })
    if (reservation?.spec.task !== undefined) this.#hold(taskKey(reservation.spec.task))
    for (const node of nodes) {
      changes.push(this.#describe(node))
      this.#touch(node)
    }
    return changes.findLast(({ kind }) => kind !== 'none') ?? NONE
  }

  /** Holds what is reserved for a task as long as it has no node. */
  #hold(task: string): void {
    if (this.scheduler.task(task) !== undefined) return
    for (const { name, node, requests, hostPorts, held } of this.held.forTask(task))
      if (this.scheduler.task(holdKey(name)) === undefined)
        this.scheduler.reserve({ name: holdKey(name), node, forKey: task, requests, hostPorts, held })
  }

  /** What roles hold on a node and do not use themselves is not there for others. */
  #describe(name: string): MirrorChange {
    const before = this.scheduler.node(name)
    const described = this.#described.get(name)
    const now = described === undefined ? undefined : this.#withShared(this.#withoutHeld(described))
    if (JSON.stringify(before) === JSON.stringify(now)) return NONE
    this.#countCapacity(before, -1)
    this.#countCapacity(now, 1)
    if (now === undefined) this.scheduler.removeNode(name)
    else if (before === undefined) this.scheduler.addNode(now)
    else this.scheduler.updateNode(now)
    this.#touch(name)
    return { kind: 'node', node: name }
  }

  /** With what others have to do with: shares of images, what failed there, and which ports were given back. */
  #withShared(node: NodeDescription): NodeDescription {
    const [images, failures] = [this.#images.on(node.name), this.failed.on(node.name)]
    const releasedPorts = this.released.on(node.name)
    if (images === undefined && failures === undefined && releasedPorts === undefined) return node
    return {
      ...node,
      ...(images === undefined ? {} : { images }),
      ...(failures === undefined ? {} : { failures }),
      ...(releasedPorts === undefined ? {} : { releasedPorts }),
    }
  }

  /** Lets failures lose weight, and ports cool down. */
  forget(nowMs: number): void {
    for (const node of [...this.failed.decay(nowMs), ...this.released.decay(nowMs)]) this.#describe(node)
  }

  #countCapacity(node: NodeDescription | undefined, by: 1 | -1): void {
    for (const [resource, amount] of Object.entries(node?.allocatable ?? {}))
      this.capacity.set(resource, (this.capacity.get(resource) ?? 0) + by * amount)
  }

  #withoutHeld(node: NodeDescription): NodeDescription {
    const reservations = this.held.on(node.name)
    if (reservations.length === 0) return node
    const held = heldForRoles(reservations)
    let used: ResourceVector = {}
    for (const use of this.#reservedUses.get(node.name)?.values() ?? []) used = addResources(used, use)
    const allocatable = { ...node.allocatable }
    for (const [resource, amount] of Object.entries(held.amounts)) {
      const unused = Math.max(0, amount - (used[resource] ?? 0))
      allocatable[resource] = Math.max(0, (allocatable[resource] ?? 0) - unused)
    }
    const isKept = ({ kind, id }: NodeDevice): boolean =>
      held.devices.some(kept => kept.kind === kind && kept.ids.includes(id))
    return {
      ...node,
      allocatable,
      ...(held.hostPorts.length === 0 ? {} : { hostPorts: held.hostPorts }),
      ...(held.devices.length === 0 ? {} : { devices: node.devices?.filter(one => !isKept(one)) ?? [] }),
    }
  }

  /** Whether a node has more or less for others now. */
  #noteReservedUse(key: string, before: string | undefined, task: Task | undefined): boolean {
    let isRedescribed = false
    const node = task?.spec.nodeName
    const use = task === undefined ? {} : reservedUse(task)
    const isUsing = node !== undefined && Object.keys(use).length > 0
    if (!isUsing && this.#reservedUses.size === 0) return false
    for (const name of new Set([before, node])) {
      if (name === undefined) continue
      const uses = this.#reservedUses.get(name)
      if (isUsing && name === node) this.#reservedUses.set(name, new Map([...(uses ?? []), [key, use]]))
      else if (uses?.delete(key) === true && uses.size === 0) this.#reservedUses.delete(name)
      else continue
      if (this.#describe(name).kind !== 'none') isRedescribed = true
    }
    return isRedescribed
  }

  /** Takes in a task as it is now. Only one that has a node and has not ended takes room. */
  setTask(key: string, task: Task | undefined): MirrorChange {
    const known = this.#tasks.get(key)
    if (task !== undefined && known?.told === task) return NONE
    const version = task === undefined ? undefined : versionOfTask(task)
    if (task !== undefined) {
      this.failed.note(task)
      this.released.noteTask(task)
    }
    const mirrored = known ?? this.#tasks.of(key)
    this.#tasks.setGroup(mirrored, task === undefined || !isTaskActive(task) ? undefined : groupOfTask(task))
    this.#tasks.setPriority(mirrored, version === undefined ? undefined : (task?.spec.priority ?? 0))
    if (version === undefined && mirrored.isAssumed) return NONE
    // Whatever throws is tried again when the task is told again.
    mirrored.told = undefined
    const isKnown = version !== undefined && mirrored.version === version
    mirrored.version = undefined
    const change = version === undefined ? this.#leave(key) : this.#arrive(key, task as Task, isKnown)
    mirrored.told = task
    mirrored.version = version
    if (task === undefined) this.#tasks.forget(mirrored)
    return change
  }

  /** The task takes no room. */
  #leave(key: string): MirrorChange {
    this.use.delete(key)
    const held = this.scheduler.task(key)
    const isFreed = held !== undefined && this.scheduler.removeTask(key)
    if (isFreed) this.released.note(held.node, held.hostPorts ?? [])
    this.#hold(key)
    this.#noteReservedUse(key, held?.node, undefined)
    return isFreed ? { kind: 'freed', node: held.node, task: held } : NONE
  }

  /** The task takes room on its node. `isKnown`: it did in the same state, unless that was taken back. */
  #arrive(key: string, task: Task, isKnown: boolean): MirrorChange {
    const held = this.scheduler.task(key)
    if (held !== undefined && isKnown) return NONE
    const node = task.spec.nodeName ?? ''
    for (const { name } of this.held.forTask(key)) this.scheduler.removeTask(holdKey(name))
    const { assignedDevices } = task.spec
    const devices = assignedDevices === undefined ? {} : { held: assignedDevices }
    const demand: TaskPlacement = { ...demandOf(task), ...devices, key, node }
    // Most are on the node that they were given here.
    if (held === undefined || !asksSame(held, demand)) this.scheduler.addTask(demand)
    this.use.set(key, task, demand.requests ?? {})
    const isRedescribed = this.#noteReservedUse(key, held?.node, task)
    if (held !== undefined && takesSame(held, demand)) return isRedescribed ? { kind: 'node', node } : NONE
    this.#touch(node)
    // It left, and it came: what either may help is looked at.
    if (held !== undefined) return { kind: 'node', node }
    return { kind: 'taken', node, task: this.scheduler.task(key) }
  }

  /** Places a task and holds its room, whatever `setTask` says of a task without a node, until `unassume`. */
  assume(request: PlacementRequest, task: Task): PlaceResult {
    const result = this.scheduler.place(request)
    if (result.kind === 'placed') {
      const mirrored = this.#tasks.of(request.key)
      mirrored.isAssumed = true
      mirrored.told = undefined
      this.use.set(request.key, task, request.requests ?? {})
    }
    return result
  }

  /** From now on the task is again where `setTask` says: tell it next. */
  unassume(key: string): void {
    const mirrored = this.#tasks.get(key)
    if (mirrored !== undefined) mirrored.isAssumed = false
  }

  /** Whether it is placed here, and not bound in the store yet. */
  isAssumed(key: string): boolean {
    return this.#tasks.get(key)?.isAssumed === true
  }

  /** Takes back what `assume` placed. */
  release(key: string): void {
    const mirrored = this.#tasks.get(key)
    if (mirrored !== undefined) {
      mirrored.isAssumed = false
      mirrored.told = undefined
    }
    this.scheduler.removeTask(key)
    this.use.undo(key)
    this.#hold(key)
  }

  /** The lowest priority of a task that has a node; undefined when none has. */
  get lowestPriority(): number | undefined {
    return this.#tasks.lowestPriority
  }

  /** How many active tasks the group has, with or without a node. */
  membersOf(group: string): number {
    return this.#tasks.membersOf(group)
  }

  /** Takes in a node, and all that is bound to it and held on it, as they are together now. */
  setNodeState(name: string, { node, tasks, reservations }: NodeState): MirrorChange {
    const live = new Map<string, Task | undefined>(tasks.map(task => [taskKey(task.metadata), task]))
    for (const { key, reservedFor } of this.scheduler.tasksOn(name))
      if (!live.has(key) && reservedFor === undefined) live.set(key, undefined)
    const kept = new Map<string, Reservation | undefined>(reservations.map(one => [one.metadata.name, one]))
    for (const { metadata } of this.held.on(name))
      if (!kept.has(metadata.name)) kept.set(metadata.name, undefined)
    const changes = [
      this.setNode(name, node),
      ...[...live].map(([key, task]) => this.setTask(key, task)),
      ...[...kept].map(([key, reservation]) => this.setReservation(key, reservation)),
    ]
    return changes.every(({ kind }) => kind === 'none') ? NONE : { kind: 'node', node: name }
  }

  /**
   * Changes whenever the node may have less room than `assume` saw. Two assumptions cannot collide, as the second
   * sees the first; so they do not count.
   */
  epochOf(node: string): number {
    return this.#epochs.get(node) ?? 0
  }

  /** Whether that very state of the node is mirrored. */
  knowsNode(node: Node): boolean {
    return this.#nodes.get(node.metadata.name) === versionOfNode(node)
  }

  /** Whether that very state of the node, and of all that is on it, is mirrored. */
  knows(name: string, { node, tasks, reservations }: NodeState): boolean {
    return (
      node !== undefined &&
      this.knowsNode(node) &&
      tasks.every(task => this.knowsTask(task)) &&
      this.held.knows(name, reservations)
    )
  }

  /** Whether the task, if it takes room, is counted in as it is. */
  knowsTask(task: Task): boolean {
    if (task.spec.nodeName === undefined) return true
    const known = this.#tasks.get(taskKey(task.metadata))
    if (known?.told === task) return true
    const version = versionOfTask(task)
    return version === undefined || known?.version === version
  }

  #touch(node: string): void {
    if (this.scheduler.node(node) === undefined) this.#epochs.delete(node)
    else this.#epochs.set(node, ++this.#changes)
  }
}

function versionOfNode({ metadata }: Node): string {
  return `${metadata.uid} ${metadata.resourceVersion}`
}

/** Undefined when the task takes no room. */
function versionOfTask(task: Task): string | undefined {
  return task.spec.nodeName === undefined || isTaskFinished(task) ? undefined : versionOf(task)
}

/** A task that runs although its amounts cannot be read still takes one place. */
function demandOf(task: Task): Omit<PlacementRequest, 'key'> {
  return readable(() => requestOfTask(task)) ?? {}
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isKeelsonError(error)) return undefined
    throw error
  }
}

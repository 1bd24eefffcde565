import type { Node, Task } from '../../api/index.js'
import { isTaskActive, isTaskFinished } from '../../api/index.js'
import { isKeelsonError } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { Profile } from '../plugins/plugin.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { PlaceResult, Scheduler } from '../scheduler.js'
import { createScheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { describeNode } from './node-object.js'
import { groupOfTask, requestOfTask, taskKey } from './task-object.js'

/** What a change did to the room in the cluster. */
export type MirrorChange =
  | { readonly kind: 'none' }
  /** Room was given back on this node. */
  | { readonly kind: 'freed'; readonly node: string }
  /** A node came, went or changed. */
  | { readonly kind: 'node'; readonly node: string }

const NONE: MirrorChange = Object.freeze({ kind: 'none' })

/**
 * A {@link Scheduler} kept in step with objects. Everything it is told is a present state, never an event, so
 * telling it twice, late or out of order does no harm that the next telling does not mend.
 */
export class ClusterMirror {
  readonly scheduler: Scheduler
  /** Which state of each node is mirrored. */
  readonly #nodes = new Map<string, string>()
  /** Which state of each placed task is mirrored. */
  readonly #tasks = new Map<string, string>()
  /** When each node last changed, or a task came to it that was not assumed here; counted in such changes. */
  readonly #epochs = new Map<string, number>()
  #changes = 0
  /** The group of each active task, and its members. */
  readonly #groups = new Map<string, string>()
  readonly #members = new Map<string, Set<string>>()
  /** Tasks that were placed here, but are not bound in the store yet. */
  readonly #assumed = new Set<string>()

  constructor(profile: Profile) {
    this.scheduler = createScheduler({ profile })
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
    const before = this.scheduler.node(name)
    const now = node === undefined ? undefined : readableNode(node)
    if (JSON.stringify(before) === JSON.stringify(now)) return NONE
    if (now === undefined) this.scheduler.removeNode(name)
    else if (before === undefined) this.scheduler.addNode(now)
    else this.scheduler.updateNode(now)
    this.#touch(name)
    return { kind: 'node', node: name }
  }

  /** Takes in a task as it is now. Only one that has a node and has not ended takes room. */
  setTask(key: string, task: Task | undefined): MirrorChange {
    const version = task === undefined ? undefined : versionOfTask(task)
    this.#noteMember(key, task)
    const held = this.scheduler.task(key)
    if (task === undefined || version === undefined) {
      if (this.#assumed.has(key)) return NONE
      this.#tasks.delete(key)
      return held !== undefined && this.scheduler.removeTask(key) ? { kind: 'freed', node: held.node } : NONE
    }
    if (held !== undefined && this.#tasks.get(key) === version) return NONE
    const node = task.spec.nodeName ?? ''
    this.scheduler.addTask({ ...demandOf(task), key, node })
    this.#tasks.set(key, version)
    if (held !== undefined && takesSame(held, this.scheduler.task(key))) return NONE
    this.#touch(node)
    return held === undefined ? NONE : { kind: 'freed', node: held.node }
  }

  /** Places a task and holds its room, whatever `setTask` says of a task without a node, until `unassume`. */
  assume(request: PlacementRequest): PlaceResult {
    const result = this.scheduler.place(request)
    if (result.kind === 'placed') this.#assumed.add(request.key)
    return result
  }

  /** From now on the task is again where `setTask` says: tell it next. */
  unassume(key: string): void {
    this.#assumed.delete(key)
  }

  /** How many active tasks the group has, with or without a node. */
  membersOf(group: string): number {
    return this.#members.get(group)?.size ?? 0
  }

  /** Takes in a node and all tasks bound to it, as they are together now. */
  setNodeWithTasks(name: string, node: Node | undefined, bound: readonly Task[]): MirrorChange {
    const live = new Map<string, Task | undefined>(bound.map(task => [taskKey(task.metadata), task]))
    for (const { key } of this.scheduler.tasksOn(name)) if (!live.has(key)) live.set(key, undefined)
    const changes = [this.setNode(name, node), ...[...live].map(([key, task]) => this.setTask(key, task))]
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

  /** Whether the task, if it takes room, is counted in as it is. */
  knowsTask(task: Task): boolean {
    const version = versionOfTask(task)
    return version === undefined || this.#tasks.get(taskKey(task.metadata)) === version
  }

  #noteMember(key: string, task: Task | undefined): void {
    const group = task === undefined || !isTaskActive(task) ? undefined : groupOfTask(task)
    const before = this.#groups.get(key)
    if (before === group) return
    if (before !== undefined) {
      const members = this.#members.get(before)
      members?.delete(key)
      if (members?.size === 0) this.#members.delete(before)
      this.#groups.delete(key)
    }
    if (group === undefined) return
    this.#groups.set(key, group)
    const members = this.#members.get(group)
    if (members === undefined) this.#members.set(group, new Set([key]))
    else members.add(key)
  }

  #touch(node: string): void {
    if (this.scheduler.node(node) === undefined) this.#epochs.delete(node)
    else this.#epochs.set(node, ++this.#changes)
  }
}

/** Whether the two take the same room; what a task asked of its node beside that is not looked at. */
function takesSame(a: TaskPlacement, b: TaskPlacement | undefined): boolean {
  return (
    b !== undefined &&
    a.node === b.node &&
    a.group === b.group &&
    deepEqual(a.requests ?? {}, b.requests ?? {}) &&
    deepEqual(a.hostPorts ?? [], b.hostPorts ?? [])
  )
}

function versionOfNode({ metadata }: Node): string {
  return `${metadata.uid} ${metadata.resourceVersion}`
}

/** Undefined when the task takes no room. */
function versionOfTask(task: Task): string | undefined {
  const { metadata, spec } = task
  return spec.nodeName === undefined || isTaskFinished(task)
    ? undefined
    : `${metadata.uid} ${metadata.generation}`
}

/** A task that runs although its amounts cannot be read still takes one place. */
function demandOf(task: Task): Omit<PlacementRequest, 'key'> {
  return readable(() => requestOfTask(task)) ?? {}
}

function readableNode(node: Node): NodeDescription {
  try {
    return describeNode(node)
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    return { name: node.metadata.name, allocatable: {}, unreadable: error.message }
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isKeelsonError(error)) return undefined
    throw error
  }
}

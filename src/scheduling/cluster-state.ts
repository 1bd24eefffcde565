import { DomainRegistry } from './domains/domain-registry.js'
import { CHANGE_TASKS } from './nodes/node-changes.js'
import type { NodeDescription } from './nodes/node-description.js'
import type { NodeRow } from './nodes/node-table.js'
import { NodeTable } from './nodes/node-table.js'
import type { TaskPlacement } from './task-ledger.js'
import { TaskLedger } from './task-ledger.js'

/** One change of a node or a task, with what was before it, so that it can be taken back. */
export type StateChange =
  | {
      readonly kind: 'task'
      readonly key: string
      readonly before: TaskPlacement | undefined
      readonly after: TaskPlacement | undefined
    }
  | {
      readonly kind: 'node'
      readonly name: string
      readonly before: NodeDescription | undefined
      readonly after: NodeDescription | undefined
    }

/** Nodes, tasks and counts, as they are together. Every change of them is a {@link StateChange}. */
export class ClusterState {
  readonly table: NodeTable = new NodeTable()
  readonly ledger: TaskLedger = new TaskLedger()
  readonly registry: DomainRegistry

  constructor() {
    this.registry = new DomainRegistry(this.table, group => this.#placed(group))
  }

  /**
   * Makes the change, or nothing.
   *
   * @param row of a task: the node that it comes to, where the caller has it at hand
   * @throws KeelsonError `OutOfRange` when a total of a node would pass 2^53−1
   */
  apply(change: StateChange, row?: NodeRow): void {
    if (change.kind === 'task') this.#setTask(change, row ?? this.#rowOf(change.after))
    else this.#setNode(change.name, change.before, change.after)
  }

  /** Versions of the nodes that the change is about, in an order that is the same for its inverse. */
  nodeVersions(change: StateChange): readonly number[] {
    return nodesOf(change).map(name => this.table.find(name)?.version ?? 0)
  }

  /** Gives nodes back the versions that they had before a change that was taken back. */
  restoreNodeVersions(change: StateChange, versions: readonly number[]): void {
    for (const [index, name] of nodesOf(change).entries()) {
      const row = this.table.find(name)
      if (row !== undefined) row.version = versions[index] as number
    }
  }

  #rowOf(task: TaskPlacement | undefined): NodeRow | undefined {
    return task === undefined ? undefined : this.table.find(task.node)
  }

  #setTask({ key, before, after }: Extract<StateChange, { kind: 'task' }>, row: NodeRow | undefined): void {
    if (before !== undefined) this.#take(before)
    if (after !== undefined && row !== undefined) {
      try {
        this.table.assertSum(row, after)
      } catch (error) {
        if (before !== undefined) this.#put(before, this.#rowOf(before))
        throw error
      }
    }
    if (after !== undefined) this.#put(after, row)
    else this.ledger.remove(key)
  }

  #put(task: TaskPlacement, row: NodeRow | undefined): void {
    this.ledger.add(task)
    if (task.reservedFor !== undefined) this.#noteHolder(task.reservedFor)
    if (row === undefined) return
    this.table.occupy(row, task)
    if (!this.registry.ignores(task)) this.registry.placed(task, row)
  }

  /** Where a placed task could go is something else when room is held for it. */
  #noteHolder(key: string): void {
    const holder = this.ledger.get(key)
    const row = holder === undefined ? undefined : this.table.find(holder.node)
    if (row !== undefined) this.table.log.note(row.slot, CHANGE_TASKS)
  }

  #take(task: TaskPlacement): void {
    this.ledger.remove(task.key)
    if (task.reservedFor !== undefined) this.#noteHolder(task.reservedFor)
    const row = this.table.find(task.node)
    if (row === undefined) return
    if (!this.registry.ignores(task)) this.registry.left(task, row)
    this.table.vacate(row, task)
  }

  #setNode(name: string, before: NodeDescription | undefined, after: NodeDescription | undefined): void {
    const row = this.table.find(name)
    const tasks = this.ledger.on(name)
    if (before === undefined && after !== undefined) return this.#addNode(after, tasks)
    if (row === undefined) return
    for (const task of tasks) this.registry.left(task, row)
    if (after === undefined) {
      this.registry.removed(row)
      this.table.remove(row)
      return
    }
    this.table.update(row, after)
    this.registry.described(row)
    for (const task of tasks) this.registry.placed(task, row)
  }

  #addNode(node: NodeDescription, tasks: readonly TaskPlacement[]): void {
    const row = this.table.add(node)
    try {
      for (const task of tasks) {
        this.table.assertSum(row, task)
        this.table.occupy(row, task)
      }
    } catch (error) {
      this.table.remove(row)
      throw error
    }
    this.registry.described(row)
    for (const task of tasks) this.registry.placed(task, row)
  }

  *#placed(group: string | undefined): Iterable<{ readonly task: TaskPlacement; readonly row: NodeRow }> {
    for (const task of group === undefined ? this.ledger.all() : this.ledger.inGroup(group)) {
      const row = this.table.find(task.node)
      if (row !== undefined) yield { task, row }
    }
  }
}

/** The nodes that a change is about, the same for its inverse. */
function nodesOf(change: StateChange): readonly string[] {
  if (change.kind === 'node') return [change.name]
  const { before, after } = change
  if (before === undefined || after === undefined || before.node === after.node)
    return [(before ?? after)?.node ?? '']
  return [before.node, after.node].sort()
}

/** The same change the other way round. */
export function inverseOf(change: StateChange): StateChange {
  return change.kind === 'task'
    ? { kind: 'task', key: change.key, before: change.after, after: change.before }
    : { kind: 'node', name: change.name, before: change.after, after: change.before }
}

import type { Attributes, ResourceVector, Taint } from '../../core/index.js'
import { KeelsonError } from '../../core/index.js'
import type { HostPort } from './host-ports.js'
import { HostPortTable } from './host-ports.js'
import { nodeAttributes } from './node-attributes.js'
import type { NodeDescription } from './node-description.js'
import type { NodeView } from './node-view.js'
import type { ResourceColumn } from './resource-columns.js'
import { ResourceColumns } from './resource-columns.js'

/** What a placed task takes from its node. */
export interface TaskDemand {
  readonly requests?: ResourceVector
  readonly hostPorts?: readonly HostPort[]
  readonly group?: string
}

const INITIAL_SLOTS = 16
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})
const NO_TAINTS: readonly Taint[] = Object.freeze([])

/**
 * Node state, one typed column per resource: a scan over all nodes reads memory in order and allocates nothing.
 * A node keeps its slot until it is removed; free slots are used again. Amounts are safe integers, which Float64
 * holds exactly.
 */
export class NodeTable {
  readonly columns: ResourceColumns
  #allocatable: Float64Array[] = []
  #requested: Float64Array[] = []
  #rows: NodeRow[] = []
  #slotCount = 0
  #free: number[] = []
  readonly #byName = new Map<string, NodeRow>()
  #length = INITIAL_SLOTS

  constructor(columns: ResourceColumns = new ResourceColumns()) {
    this.columns = columns
  }

  get size(): number {
    return this.#byName.size
  }

  /** In the order of their names, so that the first of equals in a scan is the one with the lowest name. */
  get rows(): readonly NodeRow[] {
    return this.#rows
  }

  find(name: string): NodeRow | undefined {
    return this.#byName.get(name)
  }

  add(description: NodeDescription): NodeRow {
    const slot = this.#free.pop() ?? this.#slotCount++
    if (slot === this.#length) this.#grow()
    const row = new NodeRow(this, slot, description)
    this.#rows.splice(this.#positionOf(row.name), 0, row)
    this.#byName.set(row.name, row)
    this.#setAllocatable(row, description.allocatable)
    return row
  }

  /** Replaces what is known of the node; what is placed on it stays. */
  update(row: NodeRow, description: NodeDescription): void {
    row.describe(description)
    this.#setAllocatable(row, description.allocatable)
  }

  remove(row: NodeRow): void {
    for (const column of this.#allocatable) column[row.slot] = 0
    for (const column of this.#requested) column[row.slot] = 0
    this.#rows.splice(this.#positionOf(row.name), 1)
    this.#byName.delete(row.name)
    this.#free.push(row.slot)
  }

  /**
   * Counts a task in.
   *
   * @throws KeelsonError `OutOfRange` when a total would pass 2^53−1; nothing is counted then
   */
  occupy(row: NodeRow, { requests = {}, hostPorts = [], group }: TaskDemand): void {
    for (const resource of Object.keys(requests)) {
      const total = this.requestedOn(row.slot, this.columns.find(resource)) + (requests[resource] ?? 0)
      if (!Number.isSafeInteger(total)) throw outOfRange(row.name, resource, total)
    }
    this.#account(row, requests, 1)
    row.ports.add(hostPorts)
    row.taskCount++
    if (group !== undefined) row.countSibling(group, 1)
  }

  vacate(row: NodeRow, { requests = {}, hostPorts = [], group }: TaskDemand): void {
    this.#account(row, requests, -1)
    row.ports.remove(hostPorts)
    row.taskCount--
    if (group !== undefined) row.countSibling(group, -1)
  }

  allocatableOn(slot: number, column: ResourceColumn): number {
    return this.#allocatable[column]?.[slot] ?? 0
  }

  requestedOn(slot: number, column: ResourceColumn): number {
    return this.#requested[column]?.[slot] ?? 0
  }

  clone(): NodeTable {
    const copy = new NodeTable(this.columns.clone())
    copy.#length = this.#length
    copy.#allocatable = this.#allocatable.map(column => column.slice())
    copy.#requested = this.#requested.map(column => column.slice())
    copy.#free = [...this.#free]
    copy.#slotCount = this.#slotCount
    copy.#rows = this.#rows.map(row => row.cloneInto(copy))
    for (const row of copy.#rows) copy.#byName.set(row.name, row)
    return copy
  }

  #setAllocatable(row: NodeRow, amounts: ResourceVector): void {
    for (const column of this.#allocatable) column[row.slot] = 0
    for (const resource of Object.keys(amounts)) {
      this.#columnOf(this.#allocatable, resource)[row.slot] = amounts[resource] ?? 0
    }
  }

  #account(row: NodeRow, amounts: ResourceVector, sign: 1 | -1): void {
    for (const resource of Object.keys(amounts)) {
      const column = this.#columnOf(this.#requested, resource)
      column[row.slot] = (column[row.slot] ?? 0) + sign * (amounts[resource] ?? 0)
    }
  }

  #columnOf(table: Float64Array[], resource: string): Float64Array {
    const column = this.columns.intern(resource)
    while (table.length <= column) table.push(new Float64Array(this.#length))
    return table[column] as Float64Array
  }

  /** Where the node of that name is among the rows, or would be. */
  #positionOf(name: string): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#rows[middle] as NodeRow).name < name) low = middle + 1
      else high = middle
    }
    return low
  }

  #grow(): void {
    this.#length *= 2
    this.#allocatable = this.#allocatable.map(column => widened(column, this.#length))
    this.#requested = this.#requested.map(column => widened(column, this.#length))
  }
}

/** One node of a {@link NodeTable}. */
export class NodeRow implements NodeView {
  readonly slot: number
  readonly name: string
  labels: Readonly<Record<string, string>> = NO_LABELS
  taints: readonly Taint[] = NO_TAINTS
  unschedulable = false
  taskCount = 0
  taskLimit: number = Number.POSITIVE_INFINITY
  /** Held by tasks. */
  ports: HostPortTable = new HostPortTable()
  /** Held by something else on the node. */
  #ownPorts: HostPortTable = new HostPortTable()
  readonly #table: NodeTable
  readonly #siblings = new Map<string, number>()
  #description: NodeDescription
  #attributes: Attributes | undefined

  constructor(table: NodeTable, slot: number, description: NodeDescription) {
    this.#table = table
    this.slot = slot
    this.name = description.name
    this.#description = description
    this.describe(description)
  }

  get description(): NodeDescription {
    return this.#description
  }

  get unreadable(): string | undefined {
    return this.#description.unreadable
  }

  /** Made on first use: most requests have no constraint. */
  get attributes(): Attributes {
    this.#attributes ??= nodeAttributes(this.#description)
    return this.#attributes
  }

  describe(description: NodeDescription): void {
    this.#description = description
    this.labels = description.labels ?? NO_LABELS
    this.#attributes = undefined
    this.taints = description.taints ?? NO_TAINTS
    this.unschedulable = description.unschedulable ?? false
    this.taskLimit = description.allocatable['pods'] ?? Number.POSITIVE_INFINITY
    this.#ownPorts = new HostPortTable()
    this.#ownPorts.add(description.hostPorts ?? [])
  }

  allocatable(column: ResourceColumn): number {
    return this.#table.allocatableOn(this.slot, column)
  }

  requested(column: ResourceColumn): number {
    return this.#table.requestedOn(this.slot, column)
  }

  portConflict(ports: readonly HostPort[]): HostPort | undefined {
    return this.#ownPorts.conflict(ports) ?? this.ports.conflict(ports)
  }

  siblingCount(group: string): number {
    return this.#siblings.get(group) ?? 0
  }

  countSibling(group: string, by: 1 | -1): void {
    const count = this.siblingCount(group) + by
    if (count === 0) this.#siblings.delete(group)
    else this.#siblings.set(group, count)
  }

  cloneInto(table: NodeTable): NodeRow {
    const copy = new NodeRow(table, this.slot, this.#description)
    copy.taskCount = this.taskCount
    copy.ports = this.ports.clone()
    for (const [group, count] of this.#siblings) copy.#siblings.set(group, count)
    return copy
  }
}

function widened(column: Float64Array, length: number): Float64Array {
  const wider = new Float64Array(length)
  wider.set(column)
  return wider
}

function outOfRange(node: string, resource: string, total: number): KeelsonError {
  return new KeelsonError({
    code: 'OutOfRange',
    message: `the total of ${resource} asked for on node ${node} would be ${total}, above 2^53−1 base units`,
    details: { node, resource, total: String(total) },
  })
}

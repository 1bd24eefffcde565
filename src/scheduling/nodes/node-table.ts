import type { Attributes, ResourceVector, Taint } from '../../core/index.js'
import { KeelsonError } from '../../core/index.js'
import { nodeAttributes } from '../../core/internal.js'
import type { AttachedVolume } from './attached-volumes.js'
import { AttachedVolumes } from './attached-volumes.js'
import type { HeldDevices } from './devices.js'
import { DeviceTable } from './devices.js'
import type { HostPort, PortHolder } from './host-ports.js'
import { HostPortTable } from './host-ports.js'
import { NameRanks } from './name-ranks.js'
import { CHANGE_NODE, CHANGE_TASKS, ChangeLog } from './node-changes.js'
import type { NodeDescription, NodeImage, NodeUsage } from './node-description.js'
import type { NodeView } from './node-view.js'
import type { ResourceColumn } from './resource-columns.js'
import { ResourceColumns } from './resource-columns.js'

/** What a placed task takes from its node. */
export interface TaskDemand {
  readonly key: string
  readonly reservedFor?: string
  readonly requests?: ResourceVector
  readonly hostPorts?: readonly HostPort[]
  readonly group?: string
  readonly held?: readonly HeldDevices[]
  readonly volumes?: readonly AttachedVolume[]
}

const INITIAL_SLOTS = 16
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})
const NO_IMAGES: Readonly<Record<string, NodeImage>> = Object.freeze({})
const NO_PORTS: readonly HostPort[] = Object.freeze([])
const NO_TAINTS: readonly Taint[] = Object.freeze([])

/**
 * Node state, one typed column per resource. A node keeps its slot until it is removed; free slots are used again.
 * Amounts are safe integers, which Float64 holds exactly. Every change is noted in the log.
 */
export class NodeTable {
  readonly columns: ResourceColumns = new ResourceColumns()
  readonly log: ChangeLog = new ChangeLog()
  readonly names: NameRanks = new NameRanks()
  #allocatable: Float64Array[] = []
  #requested: Float64Array[] = []
  /** By slot. */
  readonly #rows: (NodeRow | undefined)[] = []
  /** Slots of nodes that went, and how many changes the log had then; the oldest first. */
  readonly #free: { readonly slot: number; readonly since: number }[] = []
  readonly #byName = new Map<string, NodeRow>()
  #length = INITIAL_SLOTS
  #changes = 0

  get size(): number {
    return this.#byName.size
  }

  /** All slots are below. */
  get slotCount(): number {
    return this.#rows.length
  }

  /** Resources that some node has, or was asked for, have columns below. */
  get width(): number {
    return Math.max(this.#allocatable.length, this.#requested.length)
  }

  /** In the order of their names. */
  *rows(): IterableIterator<NodeRow> {
    for (const slot of this.names) yield this.#rows[slot] as NodeRow
  }

  at(slot: number): NodeRow | undefined {
    return this.#rows[slot]
  }

  find(name: string): NodeRow | undefined {
    return this.#byName.get(name)
  }

  add(description: NodeDescription): NodeRow {
    const slot = this.#freeSlot() ?? this.#rows.length
    if (slot >= this.#length) this.#grow()
    const row = new NodeRow(this, slot, description)
    this.#rows[slot] = row
    row.version = ++this.#changes
    this.#byName.set(row.name, row)
    // Whoever still sorts a node that went has its old number beside the new ones of others.
    if (this.names.add(row.name, slot) === 'renumbered') this.log.forget()
    this.#setAllocatable(row, description.allocatable)
    this.log.note(slot, CHANGE_NODE)
    return row
  }

  /** Replaces what is known of the node; what is placed on it stays. */
  update(row: NodeRow, description: NodeDescription): void {
    row.describe(description)
    row.version = ++this.#changes
    this.#setAllocatable(row, description.allocatable)
    this.log.note(row.slot, CHANGE_NODE)
  }

  remove(row: NodeRow): void {
    for (const column of this.#allocatable) column[row.slot] = 0
    for (const column of this.#requested) column[row.slot] = 0
    this.#rows[row.slot] = undefined
    this.#byName.delete(row.name)
    this.names.remove(row.name)
    this.#free.push({ slot: row.slot, since: this.log.head })
    this.log.note(row.slot, CHANGE_NODE)
  }

  /** How far behind the log a reader may be that takes in change by change; beyond that it looks at every node. */
  get lagMax(): number {
    return Math.max(64, this.size)
  }

  /** The slots that changed since, the same in a row once; undefined when every node has to be looked at. */
  changedSince(cursor: number): readonly number[] | undefined {
    const { log } = this
    const lag = log.head - cursor
    if (cursor < 0 || !log.reaches(cursor) || lag > this.lagMax) return undefined
    const slots: number[] = []
    for (let position = cursor; position < log.head; position++)
      if (slots.at(-1) !== log.slotAt(position)) slots.push(log.slotAt(position))
    return slots
  }

  /** A slot that no such reader has sorted by the name of the node that went: it has another rank from now on. */
  #freeSlot(): number | undefined {
    const [first] = this.#free
    if (first === undefined || this.log.head - first.since <= this.lagMax) return undefined
    return this.#free.shift()?.slot
  }

  /** @throws KeelsonError `OutOfRange` when a total of the node with the task on it would pass 2^53−1 */
  assertSum(row: NodeRow, { requests = {} }: TaskDemand): void {
    for (const resource of Object.keys(requests)) {
      const total = this.requestedOn(row.slot, this.columns.find(resource)) + (requests[resource] ?? 0)
      if (!Number.isSafeInteger(total)) throw outOfRange(row.name, resource, total)
    }
  }

  /** Counts a task in that `assertSum` has let pass. */
  occupy(row: NodeRow, task: TaskDemand): void {
    this.#account(row, task, 1)
    if (task.hostPorts !== undefined) row.ports.add(task.hostPorts, portHolderOf(task))
    if (task.held !== undefined) row.holdDevices(task.held, 1)
    if (task.volumes !== undefined) row.countVolumes(task.volumes, 1)
  }

  vacate(row: NodeRow, task: TaskDemand): void {
    this.#account(row, task, -1)
    if (task.hostPorts !== undefined) row.ports.remove(task.hostPorts, portHolderOf(task))
    if (task.held !== undefined) row.holdDevices(task.held, -1)
    if (task.volumes !== undefined) row.countVolumes(task.volumes, -1)
  }

  allocatableOn(slot: number, column: ResourceColumn): number {
    return column < 0 || column >= this.#allocatable.length
      ? 0
      : ((this.#allocatable[column] as Float64Array)[slot] as number)
  }

  requestedOn(slot: number, column: ResourceColumn): number {
    return column < 0 || column >= this.#requested.length
      ? 0
      : ((this.#requested[column] as Float64Array)[slot] as number)
  }

  #setAllocatable(row: NodeRow, amounts: ResourceVector): void {
    for (const column of this.#allocatable) column[row.slot] = 0
    for (const resource of Object.keys(amounts)) {
      this.#columnOf(this.#allocatable, resource)[row.slot] = amounts[resource] ?? 0
    }
  }

  #account(row: NodeRow, { requests, group }: TaskDemand, sign: 1 | -1): void {
    if (requests !== undefined) {
      for (const resource in requests) {
        const column = this.#columnOf(this.#requested, resource)
        column[row.slot] = (column[row.slot] as number) + sign * (requests[resource] as number)
      }
    }
    row.taskCount += sign
    row.version = ++this.#changes
    if (group !== undefined) row.countSibling(group, sign)
    this.log.note(row.slot, CHANGE_TASKS)
  }

  #columnOf(table: Float64Array[], resource: string): Float64Array {
    const column = this.columns.intern(resource)
    while (table.length <= column) table.push(new Float64Array(this.#length))
    return table[column] as Float64Array
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
  unreadable: string | undefined
  taskCount = 0
  /** Another number after each change. */
  version = 0
  taskLimit: number = Number.POSITIVE_INFINITY
  /** Held by tasks. */
  ports: HostPortTable = new HostPortTable()
  /** Held by something else on the node. */
  #ownPorts: HostPortTable = new HostPortTable()
  readonly #table: NodeTable
  readonly #siblings = new Map<string, number>()
  #description: NodeDescription
  #attributes: Attributes | undefined
  /** Made on first use: most nodes have none. */
  #devices: DeviceTable | undefined
  #volumes: AttachedVolumes | undefined

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

  get usage(): NodeUsage | undefined {
    return this.#description.usage
  }

  get releasedPorts(): readonly HostPort[] {
    return this.#description.releasedPorts ?? NO_PORTS
  }

  get images(): Readonly<Record<string, NodeImage>> {
    return this.#description.images ?? NO_IMAGES
  }

  get devices(): NodeView['devices'] {
    const { devices = [] } = this.#description
    return devices.map(device => ({ device, free: this.#devices?.freeOf(device) ?? 1 }))
  }

  holdDevices(held: readonly HeldDevices[], by: 1 | -1): void {
    this.#devices ??= new DeviceTable()
    this.#devices.count(held, by)
  }

  countVolumes(volumes: readonly AttachedVolume[], by: 1 | -1): void {
    this.#volumes ??= new AttachedVolumes()
    this.#volumes.count(volumes, by)
  }

  volumeLimit(driver: string): number {
    return this.#description.volumeLimits?.[driver] ?? Number.POSITIVE_INFINITY
  }

  volumeCount(driver: string): number {
    return this.#volumes?.countOf(driver) ?? 0
  }

  hasVolume(volume: AttachedVolume): boolean {
    return this.#volumes?.has(volume) === true
  }

  failures(of: string): number {
    return this.#description.failures?.[of] ?? 0
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
    this.unreadable = description.unreadable
    this.taskLimit = description.allocatable['pods'] ?? Number.POSITIVE_INFINITY
    this.#ownPorts = new HostPortTable()
    for (const port of description.hostPorts ?? [])
      this.#ownPorts.add([port], { name: port.reservedBy ?? '', isReserved: port.reservedBy !== undefined })
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

  portHolder(port: HostPort): PortHolder | undefined {
    return this.#ownPorts.holder(port) ?? this.ports.holder(port)
  }

  siblingCount(group: string): number {
    return this.#siblings.get(group) ?? 0
  }

  countSibling(group: string, by: 1 | -1): void {
    const count = this.siblingCount(group) + by
    if (count === 0) this.#siblings.delete(group)
    else this.#siblings.set(group, count)
  }
}

function portHolderOf({ key, reservedFor }: TaskDemand): PortHolder {
  return { name: key, isReserved: reservedFor !== undefined }
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

import type { RequestClass } from '../classes/request-class.js'
import type { SlotOrder } from '../classes/slot-heap.js'
import { SlotHeap } from '../classes/slot-heap.js'
import type { NodeRow, NodeTable } from '../nodes/node-table.js'
import type { Demand } from '../requests/placement-request.js'
import type { NodeHoldings, TaskRun } from './node-holdings.js'
import { mayFitElsewhere } from './node-holdings.js'

/** What the victims of a node come to at least. */
export interface VictimBound {
  /** The highest of their priorities; −∞ when there is room, and something else keeps the preemptor away. */
  readonly highestPriority: number
  /** How many of them fit nowhere else. */
  readonly withoutPlace: number
  readonly count: number
}

/** A node with what its victims come to at least. */
export interface BoundedNode extends VictimBound {
  readonly row: NodeRow
}

/** Nodes of which tasks up to one priority have to go. */
interface Level {
  readonly priority: number
  readonly heap: SlotHeap
}

const COUNT_MAX = 2 ** 20

/**
 * For requests of one class: which priority has to go from each node, and how many tasks at least, by what they hold of
 * it. Nodes are kept in the order of that, and a change of a node is taken in when somebody asks.
 */
export class VictimBounds {
  readonly #one: RequestClass
  readonly #table: NodeTable
  readonly #holdings: NodeHoldings
  /** Whether the request needs room on a node at all. */
  readonly #needsRoom: boolean
  /** The lowest priority first. */
  #levels: Level[] = []
  /** By slot. */
  #levelOf: (Level | undefined)[] = []
  #totals: Float64Array = new Float64Array(0)
  #positions: Int32Array = new Int32Array(0)
  #frontierPositions: Int32Array = new Int32Array(0)
  #cursor = -1
  #epoch = -1
  readonly #sums: RoomSums

  constructor(one: RequestClass, table: NodeTable, holdings: NodeHoldings) {
    this.#one = one
    this.#table = table
    this.#holdings = holdings
    this.#needsRoom = one.plugins.nodes.some(({ formula }) => formula === 'room')
    this.#sums = new RoomSums(one.request.demands)
  }

  /** Of how many priorities some node's tasks have to go. */
  get levelCount(): number {
    this.#sync()
    return this.#levels.length
  }

  /**
   * Nodes where it would be enough, for what they have, that tasks of lower priority go: in the order of their bounds, of
   * equals by name.
   */
  *below(priority: number): Iterable<BoundedNode> {
    this.#sync()
    const order = this.#order()
    for (const level of this.#levels) {
      if (level.priority >= priority) return
      for (const slot of this.#inOrder(level.heap, order)) {
        const total = -(this.#totals[slot] as number)
        const count = total % COUNT_MAX
        const row = this.#table.at(slot) as NodeRow
        yield { row, highestPriority: level.priority, withoutPlace: (total - count) / COUNT_MAX, count }
      }
    }
  }

  *#inOrder(heap: SlotHeap, order: SlotOrder): Iterable<number> {
    const slots = heap.slots()
    const frontier = new SlotHeap()
    if (slots.length > 0) frontier.push(heap.top, order, this.#frontierPositions)
    while (frontier.size > 0) {
      const slot = frontier.top
      yield slot
      frontier.remove(slot, order, this.#frontierPositions)
      const below = (this.#positions[slot] as number) * 2 + 1
      for (const next of slots.subarray(below, below + 2)) frontier.push(next, order, this.#frontierPositions)
    }
  }

  #order(): SlotOrder {
    return { totals: this.#totals, ranks: this.#table.names.ranks }
  }

  #sync(): void {
    const { log, names, slotCount } = this.#table
    this.#holdings.sync()
    const { epoch } = this.#holdings
    const changed = slotCount <= this.#totals.length ? this.#table.changedSince(this.#cursor) : undefined
    if (changed === undefined) this.#clear(slotCount)
    const order = this.#order()
    for (const slot of changed ?? []) this.#set(slot, order)
    if (changed === undefined || epoch !== this.#epoch) for (const slot of names) this.#set(slot, order)
    this.#cursor = log.head
    this.#epoch = epoch
  }

  #clear(slotCount: number): void {
    this.#levels = []
    this.#levelOf = new Array<Level | undefined>(slotCount).fill(undefined)
    this.#totals = new Float64Array(slotCount)
    this.#positions = new Int32Array(slotCount).fill(-1)
    this.#frontierPositions = new Int32Array(slotCount)
  }

  #set(slot: number, order: SlotOrder): void {
    const row = this.#table.at(slot)
    const found = row === undefined ? undefined : this.#boundOn(row)
    const level = found === undefined ? undefined : this.#levelFor(found.highestPriority)
    const total = found === undefined ? 0 : -(cut(found.withoutPlace) * COUNT_MAX + cut(found.count))
    const before = this.#levelOf[slot]
    if (before === level && this.#totals[slot] === total) return
    if (before !== undefined) {
      before.heap.remove(slot, order, this.#positions)
      // Priorities that no node needs any more are not walked through.
      if (before.heap.size === 0 && before !== level) this.#levels.splice(this.#levels.indexOf(before), 1)
    }
    this.#totals[slot] = total
    this.#levelOf[slot] = level
    level?.heap.push(slot, order, this.#positions)
  }

  #boundOn(row: NodeRow): VictimBound | undefined {
    if (!this.#one.mayEnter(row)) return undefined
    return this.#needsRoom ? this.#sums.boundOn(row, this.#holdings.on(row.slot)) : HAS_ROOM
  }

  #levelFor(priority: number): Level {
    const at = this.#levels.findIndex(level => level.priority >= priority)
    const found = this.#levels[at]
    if (found?.priority === priority) return found
    const made: Level = { priority, heap: new SlotHeap() }
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, made)
    return made
  }
}

function cut(count: number): number {
  return Math.min(count, COUNT_MAX - 1)
}

const HAS_ROOM: VictimBound = { highestPriority: Number.NEGATIVE_INFINITY, withoutPlace: 0, count: 1 }

/** Sums of what tasks of a node hold, for one demand after the other; the last is one more task. */
class RoomSums {
  readonly #demands: readonly Demand[]
  readonly #short: Float64Array
  /** Held by tasks so far. */
  readonly #held: Float64Array
  /** Of that, by those that may fit elsewhere. */
  readonly #movable: Float64Array
  /** The largest amount of one task, and of one that fits nowhere else. */
  readonly #largest: Float64Array
  readonly #largestLeft: Float64Array

  constructor(demands: readonly Demand[]) {
    this.#demands = demands
    const count = demands.length + 1
    this.#short = new Float64Array(count)
    this.#held = new Float64Array(count)
    this.#movable = new Float64Array(count)
    this.#largest = new Float64Array(count)
    this.#largestLeft = new Float64Array(count)
  }

  /** Undefined when the node has too little for the request, whoever goes. */
  boundOn(row: NodeRow, runs: readonly TaskRun[]): VictimBound | undefined {
    for (const sums of [this.#held, this.#movable, this.#largest, this.#largestLeft]) sums.fill(0)
    if (!this.#isShort(row)) return HAS_ROOM
    for (let at = 0; at < runs.length; ) {
      const { priority } = runs[at] as TaskRun
      for (; runs[at]?.priority === priority; at++) this.#add(runs[at] as TaskRun)
      if (this.#isEnough()) return this.#boundAt(priority)
    }
    return undefined
  }

  #isShort(row: NodeRow): boolean {
    let isShort = false
    for (let at = 0; at < this.#short.length; at++) {
      const demand = this.#demands[at]
      const short =
        demand === undefined
          ? row.taskCount + 1 - row.taskLimit
          : demand.amount - (row.allocatable(demand.column) - row.requested(demand.column))
      this.#short[at] = short
      if (short > 0) isShort = true
    }
    return isShort
  }

  #add(run: TaskRun): void {
    const { kind, count } = run
    const isMovable = mayFitElsewhere(run)
    for (let at = 0; at < this.#short.length; at++) {
      const demand = this.#demands[at]
      const amount = demand === undefined ? 1 : (kind.amounts[demand.column] ?? 0)
      const largest = isMovable ? this.#largest : this.#largestLeft
      if (isMovable) this.#movable[at] = (this.#movable[at] as number) + amount * count
      this.#held[at] = (this.#held[at] as number) + amount * count
      if (amount > (largest[at] as number)) largest[at] = amount
    }
  }

  #isEnough(): boolean {
    for (let at = 0; at < this.#short.length; at++)
      if ((this.#held[at] as number) < (this.#short[at] as number)) return false
    return true
  }

  #boundAt(highestPriority: number): VictimBound {
    let count = 1
    let withoutPlace = 0
    for (let at = 0; at < this.#short.length; at++) {
      const short = this.#short[at] as number
      if (short <= 0) continue
      const largestLeft = this.#largestLeft[at] as number
      const largest = Math.max(this.#largest[at] as number, largestLeft)
      count = Math.max(count, Math.ceil(short / largest))
      const left = short - (this.#movable[at] as number)
      if (left > 0) withoutPlace = Math.max(withoutPlace, Math.ceil(left / largestLeft))
    }
    return { highestPriority, withoutPlace, count: Math.max(count, withoutPlace) }
  }
}

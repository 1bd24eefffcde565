import type { NodeRow, NodeTable } from '../nodes/node-table.js'
import type { ResourceColumn } from '../nodes/resource-columns.js'
import type { NodeFilterPlugin, NodeScorePlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { BoxTree, LEAF_MAX } from './box-tree.js'
import { passes } from './class-plugins.js'
import { checkedScore, scoreUnits } from './score-sum.js'
import type { SearchRange } from './search-plugins.js'

/** What a class of requests says of nodes. */
export interface FamilyMember {
  /** A total that is at least that of each of these nodes, in units; -1 when the request fits on none of them. */
  mostOf(range: SearchRange): number
  /** The total of the node; -1 when the request does not fit. Only for nodes that static filters let it onto. */
  totalOn(row: NodeRow): number
}

/** What plugins say of a node from its description alone. */
export interface StaticPlugins {
  readonly filters: readonly NodeFilterPlugin[]
  readonly scores: readonly { readonly plugin: NodeScorePlugin; readonly weight: number }[]
}

/** The numbers of a point before those of resources, which are two each: asked for, and there. */
const STATICS = 0
const TASKS = 1
const TASK_LIMIT = 2
const RESOURCES = 3

/**
 * All requests of which static plugins say the same. Which nodes these let them onto is found once for all of them, and
 * again for a node only when it is described otherwise. Those nodes are kept sorted by what they have and what is taken,
 * so that the best for any amounts is found among few of them.
 */
export class RequestFamily {
  readonly #request: PreparedRequest
  readonly #statics: StaticPlugins
  readonly #table: NodeTable
  #tree = new BoxTree(RESOURCES)
  #range: BoxRange = new BoxRange(RESOURCES)
  #columns = -1
  #cursor = -1
  readonly #boxes: number[] = []
  readonly #mosts: number[] = []
  /** What classes took in because nodes were not sorted, in nodes. */
  #missed = 0
  /** How many boxes and points were looked at for the last answer. */
  looked = 0

  constructor(request: PreparedRequest, statics: StaticPlugins, table: NodeTable) {
    this.#request = request
    this.#statics = statics
    this.#table = table
  }

  /**
   * Whether it pays to sort the nodes, when a class would have to take in so many: at the latest when that many were
   * taken in twice.
   */
  pays(nodes: number): boolean {
    if (this.#cursor >= 0) return true
    this.#missed += nodes
    return this.#missed >= 2 * this.#table.size
  }

  /** The node with the highest total, of equals the one with the lowest name. Takes in what changed. */
  best(member: FamilyMember): NodeRow | undefined {
    this.#sync()
    this.looked = 0
    const tree = this.#tree
    if (tree.root < 0) return undefined
    const { ranks } = this.#table.names
    let best: NodeRow | undefined
    let highest = 0
    const boxes = this.#boxes
    const mosts = this.#mosts
    boxes.push(tree.root)
    mosts.push(Number.POSITIVE_INFINITY)
    for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
      const most = mosts.pop() as number
      if (most < highest) continue
      if (most === highest && best !== undefined && this.#comesAfter(box, best, ranks)) continue
      if ((tree.lefts[box] as number) >= 0) {
        this.#push(box, member, highest)
        continue
      }
      const from = box * LEAF_MAX
      this.looked += tree.sizes[box] as number
      for (let at = from; at < from + (tree.sizes[box] as number); at++) {
        const slot = tree.members[at] as number
        const range = this.#range.ofPoint(tree, slot)
        const could = member.mostOf(range)
        if (could < highest) continue
        const isLater = best !== undefined && (ranks[best.slot] as number) < (ranks[slot] as number)
        if (could === highest && isLater) continue
        const row = this.#table.at(slot) as NodeRow
        const total = member.totalOn(row)
        if (total < highest || (total === highest && isLater)) continue
        best = row
        highest = total
      }
    }
    return best
  }

  #comesAfter(box: number, best: NodeRow, ranks: Float64Array): boolean {
    return (ranks[this.#tree.firsts[box] as number] as number) > (ranks[best.slot] as number)
  }

  /** Puts the two boxes in a box on the stack, the better one on top. */
  #push(box: number, member: FamilyMember, highest: number): void {
    const tree = this.#tree
    const left = tree.lefts[box] as number
    const right = tree.rights[box] as number
    const range = this.#range
    this.looked += 2
    range.ofBox(tree, left)
    const ofLeft = member.mostOf(range)
    range.ofBox(tree, right)
    const ofRight = member.mostOf(range)
    const { ranks } = this.#table.names
    const isLeftFirst =
      ofLeft > ofRight ||
      (ofLeft === ofRight &&
        (ranks[tree.firsts[left] as number] as number) < (ranks[tree.firsts[right] as number] as number))
    const [first, firstMost] = isLeftFirst ? [left, ofLeft] : [right, ofRight]
    const [second, secondMost] = isLeftFirst ? [right, ofRight] : [left, ofLeft]
    if (secondMost >= highest) {
      this.#boxes.push(second)
      this.#mosts.push(secondMost)
    }
    if (firstMost >= highest) {
      this.#boxes.push(first)
      this.#mosts.push(firstMost)
    }
  }

  #sync(): void {
    const { log, names, width } = this.#table
    this.#tree.rankBy(names.ranks)
    this.#boxes.length = 0
    this.#mosts.length = 0
    const from = this.#cursor
    if (from === log.head) return
    const lag = log.head - from
    // What plugins throw must leave no node half taken in.
    this.#cursor = -1
    if (from < 0 || !log.reaches(from) || lag > Math.max(64, names.size) || width !== this.#columns)
      this.#rebuild()
    else {
      this.#tree.reserve(this.#table.slotCount)
      for (let position = from; position < from + lag; position++) {
        const slot = log.slotAt(position)
        if (log.isNodeChange(position)) this.#describe(slot)
        else if (position + 1 === from + lag || log.slotAt(position + 1) !== slot) this.#move(slot)
      }
    }
    this.#cursor = log.head
  }

  #rebuild(): void {
    const { names, slotCount, width } = this.#table
    const numbers = RESOURCES + width * 2
    if (width !== this.#columns) {
      this.#columns = width
      this.#tree = new BoxTree(numbers)
      this.#range = new BoxRange(numbers)
      this.#tree.rankBy(names.ranks)
    }
    this.#tree.reserve(slotCount)
    const slots: number[] = []
    for (const row of this.#table.rows()) {
      if (!this.#isOpen(row)) continue
      this.#writeStatics(row)
      this.#write(row)
      slots.push(row.slot)
    }
    this.#tree.fill(Int32Array.from(slots))
  }

  /** Tasks came to the node, or left it. A node that went later, says the log, is not there any more. */
  #move(slot: number): void {
    const row = this.#table.at(slot)
    if (row === undefined || !this.#tree.has(slot)) return
    this.#write(row)
    this.#tree.move(slot)
  }

  /** The node came, went or was described otherwise. */
  #describe(slot: number): void {
    if (this.#tree.has(slot)) this.#tree.remove(slot)
    const row = this.#table.at(slot)
    if (row === undefined || !this.#isOpen(row)) return
    this.#writeStatics(row)
    this.#write(row)
    this.#tree.put(slot)
  }

  #isOpen(row: NodeRow): boolean {
    if (row.unreadable !== undefined) return false
    for (const plugin of this.#statics.filters) if (!passes(plugin, this.#request, row)) return false
    return true
  }

  #writeStatics(row: NodeRow): void {
    let units = 0
    for (const { plugin, weight } of this.#statics.scores)
      units += scoreUnits(checkedScore(plugin, plugin.score(this.#request, row)), weight)
    this.#tree.points[row.slot * this.#tree.width + STATICS] = units
  }

  #write(row: NodeRow): void {
    const { points, width } = this.#tree
    const at = row.slot * width
    points[at + TASKS] = row.taskCount
    points[at + TASK_LIMIT] = row.taskLimit
    for (let column = 0; column < this.#columns; column++) {
      points[at + RESOURCES + column * 2] = row.requested(column)
      points[at + RESOURCES + column * 2 + 1] = row.allocatable(column)
    }
  }
}

/** A box, or a point, as plugins see it. */
class BoxRange implements SearchRange {
  readonly #width: number
  #numbers: Float64Array = new Float64Array(0)
  #low = 0
  #high = 0

  constructor(width: number) {
    this.#width = width
  }

  ofBox({ bounds }: BoxTree, box: number): this {
    this.#numbers = bounds
    this.#low = box * this.#width * 2
    this.#high = this.#low + this.#width
    return this
  }

  ofPoint({ points }: BoxTree, slot: number): this {
    this.#numbers = points
    this.#low = this.#high = slot * this.#width
    return this
  }

  get leastTasks(): number {
    return this.#numbers[this.#low + TASKS] as number
  }

  get mostTaskLimit(): number {
    return this.#numbers[this.#high + TASK_LIMIT] as number
  }

  /** Whether there is but one point in it, or several that are equal. */
  get areEqual(): boolean {
    if (this.#low === this.#high) return true
    for (let at = 0; at < this.#width; at++)
      if (this.#numbers[this.#low + at] !== this.#numbers[this.#high + at]) return false
    return true
  }

  get mostStatics(): number {
    return this.#numbers[this.#high + STATICS] as number
  }

  leastRequested(column: ResourceColumn): number {
    return this.#resource(this.#low, column * 2)
  }

  mostRequested(column: ResourceColumn): number {
    return this.#resource(this.#high, column * 2)
  }

  leastAllocatable(column: ResourceColumn): number {
    return this.#resource(this.#low, column * 2 + 1)
  }

  mostAllocatable(column: ResourceColumn): number {
    return this.#resource(this.#high, column * 2 + 1)
  }

  /** No node has, or was asked for, a resource beyond the last column. */
  #resource(from: number, offset: number): number {
    const at = RESOURCES + offset
    return at < this.#width ? (this.#numbers[from + at] as number) : 0
  }
}

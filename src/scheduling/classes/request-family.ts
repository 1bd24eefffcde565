import type { NodeRow, NodeTable } from '../nodes/node-table.js'
import type { NodeFilterPlugin, NodeScorePlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { BoxTree } from './box-tree.js'
import { LEAF_MAX } from './boxes.js'
import { passes } from './class-plugins.js'
import { PointRange, pointWidth, STATICS, writePoint } from './node-point.js'
import { checkedScore, scoreUnits } from './score-sum.js'
import type { TotalBound } from './total-bound.js'

/** A class of requests, as a search sees it. */
export interface FamilyMember {
  readonly request: PreparedRequest
  /** What it asks of each resource that the bound looks at. */
  readonly asked: readonly number[]
  readonly bound: TotalBound
  /** The total of the node; -1 when the request does not fit. Only for nodes that static filters let it onto. */
  totalOn(row: NodeRow): number
}

/** The best node so far. */
interface Found {
  row: NodeRow | undefined
  total: number
  rank: number
}

/** What plugins say of a node from its description alone. */
export interface StaticPlugins {
  readonly filters: readonly NodeFilterPlugin[]
  readonly scores: readonly { readonly plugin: NodeScorePlugin; readonly weight: number }[]
}

/**
 * All requests of which static plugins say the same. Which nodes these let them onto is found once for all of them, and
 * again for a node only when it is described otherwise. Those nodes are kept sorted by what they have and what is taken,
 * so that the best for any amounts is found among few of them.
 */
export class RequestFamily {
  readonly #request: PreparedRequest
  readonly #statics: StaticPlugins
  readonly #table: NodeTable
  #tree = new BoxTree(pointWidth(0))
  #range = new PointRange(0)
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

  get isSorted(): boolean {
    return this.#cursor >= 0
  }

  /** The node with the highest total, of equals the one with the lowest name. Takes in what changed. */
  best(member: FamilyMember): NodeRow | undefined {
    this.#sync()
    this.looked = 0
    const tree = this.#tree
    const boxes = this.#boxes
    const mosts = this.#mosts
    const found: Found = { row: undefined, total: 0, rank: Number.POSITIVE_INFINITY }
    if (tree.root >= 0) {
      boxes.push(tree.root)
      mosts.push(Number.POSITIVE_INFINITY)
    }
    for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
      const most = mosts.pop() as number
      if (most < found.total) continue
      if ((tree.lefts[box] as number) >= 0) this.#push(box, member, found.total)
      // Of nodes that are equal in all that decides, the first is the best.
      else if (tree.areEqual[box] === 1 && member.bound.isExact)
        this.#look(member, tree.firsts[box] as number, found)
      else this.#lookInLeaf(member, box, found)
    }
    return found.row
  }

  #lookInLeaf(member: FamilyMember, leaf: number, found: Found): void {
    const tree = this.#tree
    const crowd = tree.crowdOf(leaf)
    if (crowd === undefined) {
      const from = leaf * LEAF_MAX
      const to = from + (tree.sizes[leaf] as number)
      for (let at = from; at < to; at++) this.#look(member, tree.members[at] as number, found)
    } else {
      const could = this.#couldBe(member, crowd[0] as number)
      this.#lookInCrowd(member, { crowd, at: 0, could }, found)
    }
  }

  /** Nodes of equal numbers may differ in what else plugins look at, such as ports and siblings. */
  #lookInCrowd(
    member: FamilyMember,
    { crowd, at, could }: { readonly crowd: Int32Array; readonly at: number; readonly could: number },
    found: Found,
  ): void {
    const slot = crowd[at]
    // Those below have higher ranks.
    if (slot === undefined || !this.#mayBeat(found, could, slot)) return
    this.looked++
    this.#take(member, slot, could, found)
    this.#lookInCrowd(member, { crowd, at: at * 2 + 1, could }, found)
    this.#lookInCrowd(member, { crowd, at: at * 2 + 2, could }, found)
  }

  #look(member: FamilyMember, slot: number, found: Found): void {
    const could = this.#couldBe(member, slot)
    if (this.#mayBeat(found, could, slot)) this.#take(member, slot, could, found)
  }

  #couldBe({ bound, request, asked }: FamilyMember, slot: number): number {
    this.looked++
    return bound.of(request, asked, this.#range.ofPoint(this.#tree, slot))
  }

  #mayBeat(found: Found, could: number, slot: number): boolean {
    return (
      could > found.total || (could === found.total && (this.#table.names.ranks[slot] as number) < found.rank)
    )
  }

  /** Takes the node if it is better than what was found so far. */
  #take(member: FamilyMember, slot: number, could: number, found: Found): void {
    const row = this.#table.at(slot) as NodeRow
    const total = member.bound.isExact ? could : member.totalOn(row)
    if (!this.#mayBeat(found, total, slot)) return
    found.row = row
    found.total = total
    found.rank = this.#table.names.ranks[slot] as number
  }

  /** Puts the two boxes in a box on the stack, the better one on top. */
  #push(box: number, member: FamilyMember, highest: number): void {
    const { bound, request, asked } = member
    const tree = this.#tree
    const left = tree.lefts[box] as number
    const right = tree.rights[box] as number
    const range = this.#range
    this.looked += 2
    const ofLeft = bound.of(request, asked, range.ofBox(tree, left))
    const ofRight = bound.of(request, asked, range.ofBox(tree, right))
    const { ranks } = this.#table.names
    const isLeftFirst =
      ofLeft > ofRight ||
      (ofLeft === ofRight &&
        (ranks[tree.firsts[left] as number] as number) < (ranks[tree.firsts[right] as number] as number))
    if (isLeftFirst) {
      this.#stack(right, ofRight, highest)
      this.#stack(left, ofLeft, highest)
    } else {
      this.#stack(left, ofLeft, highest)
      this.#stack(right, ofRight, highest)
    }
  }

  #stack(box: number, most: number, highest: number): void {
    if (most < highest) return
    this.#boxes.push(box)
    this.#mosts.push(most)
  }

  #sync(): void {
    const { log, names, width, lagMax } = this.#table
    this.#tree.rankBy(names.ranks)
    this.#boxes.length = 0
    this.#mosts.length = 0
    const from = this.#cursor
    if (from === log.head) return
    const lag = log.head - from
    // What plugins throw must leave no node half taken in.
    this.#cursor = -1
    if (from < 0 || !log.reaches(from) || lag > lagMax || width !== this.#columns) this.#rebuild()
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
    if (width !== this.#columns) {
      this.#columns = width
      this.#tree = new BoxTree(pointWidth(width))
      this.#range = new PointRange(width)
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
    writePoint(this.#tree.points, row.slot * this.#tree.width, row, this.#columns)
  }
}

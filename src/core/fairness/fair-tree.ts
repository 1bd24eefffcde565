import { InvalidError, UsageError } from '../errors.js'
import { compareRatios, compareWeightedRatios } from './exact-ratio.js'
import type { FairKey, MutableKey } from './fair-node.js'
import { compareKeys, emptyKey, FairNode } from './fair-node.js'

/** Largest weight; and the smallest, which is also the step of weights. */
const WEIGHT_MAX = 1e6
const WEIGHT_MIN = 0.001

const NO_AMOUNTS: readonly number[] = []

/**
 * Groups and clients in the order of dominant resource fairness (Ghodsi et al., NSDI 2011): at each level the
 * node comes first whose share is smallest, where the share is the largest part that it has of any resource of
 * the whole cluster, divided by its weight. Ties go to the node with fewer grants, then to the lower name.
 * An inner node uses what its subtree uses.
 *
 * The order is kept as things change: a change costs O(depth × columns) plus O(log siblings) comparisons and a
 * block move when `settle` puts the nodes that moved in their places. Only changed totals, or a changed set of
 * columns that count, sort everything again. Shares are compared exactly: what nearly ties in floating point is
 * compared as whole numbers.
 *
 * Amounts are whole numbers by column; the meaning of the columns is the owner's.
 */
export class FairTree<T> {
  readonly root: FairNode<T>
  readonly #nodes: FairNode<T>[] = []
  readonly #vacant: number[] = []
  readonly #moved: FairNode<T>[] = []
  #totals: readonly number[] = []
  #counts: (column: number) => boolean = () => true
  #allMoved = false
  /** The key that no node has: keys change hands instead of being made anew. */
  #spareKey: MutableKey = emptyKey('')

  constructor(payload: T) {
    this.root = this.#insert({ name: '', parent: undefined, leaf: false }, payload)
  }

  /** A new group or client. Clients take part once `setActive` says so. */
  add(place: { name: string; parent: FairNode<T>; leaf: boolean }, payload: T): FairNode<T> {
    if (place.parent.leaf) throw new UsageError(`${place.parent.name} is a client and has no children`)
    const node = this.#insert(place, payload)
    const { parent } = place
    if (parent.size === parent.order.length) {
      const grown = new Int32Array(Math.max(4, parent.size * 2))
      grown.set(parent.order)
      parent.order = grown
    }
    const at = this.#indexOf(parent, node.key, parent.size)
    parent.order.copyWithin(at + 1, at, parent.size)
    parent.order[at] = node.index
    parent.size++
    return node
  }

  /** Takes out a node that has no children and uses nothing. */
  remove(node: FairNode<T>): void {
    const { parent } = node
    if (parent === undefined || node.size > 0 || node.used.some(amount => amount !== 0))
      throw new UsageError(`${node.name} has children or uses something`)
    this.setActive(node, false)
    this.settle()
    const at = this.#indexOf(parent, node.key, parent.size)
    parent.order.copyWithin(at, at + 1, parent.size)
    parent.size--
    this.#vacant.push(node.index)
  }

  /** @throws InvalidError unless the weight is from 0.001 to 1,000,000; three decimals count */
  setWeight(node: FairNode<T>, weight: number): void {
    node.weight = weightThousandths(weight)
    this.#touch(node)
  }

  /** Whether a client takes part. */
  setActive(leaf: FairNode<T>, active: boolean): void {
    if (!leaf.leaf || leaf.activeLeaves > 0 === active) return
    for (let node: FairNode<T> | undefined = leaf; node !== undefined; node = node.parent) {
      node.activeLeaves += active ? 1 : -1
      this.#touch(node)
    }
  }

  /** What the cluster has by column, and which columns count for shares. A column of 0 never does. */
  setTotals(totals: readonly number[], counts: (column: number) => boolean = this.#counts): void {
    this.#totals = totals
    this.#counts = counts
    this.#allMoved = true
  }

  /** Adds a grant. */
  allocate(leaf: FairNode<T>, amounts: readonly number[]): void {
    for (let node: FairNode<T> | undefined = leaf; node !== undefined; node = node.parent) {
      add(node.used, amounts, 1)
      node.count++
      this.#touch(node)
    }
  }

  /** Takes amounts back; the number of grants stays. */
  release(leaf: FairNode<T>, amounts: readonly number[]): void {
    for (let node: FairNode<T> | undefined = leaf; node !== undefined; node = node.parent) {
      add(node.used, amounts, -1)
      this.#touch(node)
    }
  }

  /** Sets the number of grants of a node, for restoring. */
  setCount(node: FairNode<T>, count: number): void {
    node.count = count
    this.#touch(node)
  }

  /** Puts every node that moved in its place. Until then the order is as it was. */
  settle(): void {
    if (this.#allMoved) return this.#settleAll()
    for (let node = this.#moved.pop(); node !== undefined; node = this.#moved.pop()) {
      node.moved = false
      this.#place(node)
    }
  }

  /**
   * Calls for each active client in order, until told to stop, or to leave out the rest of its group. Settle first.
   *
   * @param enter whether to look at the clients of a group; default: at all of them
   */
  walk(
    visit: (leaf: FairNode<T>) => 'next' | 'leave' | 'stop',
    enter?: (group: FairNode<T>) => boolean,
    node: FairNode<T> = this.root,
  ): 'next' | 'stop' {
    const { order, size } = node
    for (let at = 0; at < size; at++) {
      const child = this.#nodes[order[at] as number] as FairNode<T>
      if (child.activeLeaves === 0) return 'next'
      if (child.leaf) {
        const then = visit(child)
        if (then !== 'next') return then === 'stop' ? 'stop' : 'next'
      } else if (enter === undefined || enter(child)) {
        if (this.walk(visit, enter, child) === 'stop') return 'stop'
      }
    }
    return 'next'
  }

  /** Children of a node in order, those that do not take part last. Settle first. */
  *children(node: FairNode<T> = this.root): IterableIterator<FairNode<T>> {
    for (let at = 0; at < node.size; at++) yield this.#nodes[node.order[at] as number] as FairNode<T>
  }

  /** The key as it would be now, or with more in use. */
  keyOf(node: FairNode<T>, extra: readonly number[] = NO_AMOUNTS): FairKey {
    return this.#writeKey(emptyKey(node.name), node, extra)
  }

  #writeKey(key: MutableKey, node: FairNode<T>, extra: readonly number[]): MutableKey {
    let dominant = -1
    let amount = 0
    let total = 1
    const columns = Math.max(node.used.length, extra.length)
    for (let column = 0; column < columns; column++) {
      const used = (node.used[column] ?? 0) + (extra[column] ?? 0)
      const whole = this.#totals[column] ?? 0
      if (used <= 0 || whole <= 0 || !this.#counts(column)) continue
      if (dominant >= 0 && compareRatios(used, whole, amount, total) <= 0) continue
      dominant = column
      amount = used
      total = whole
    }
    if (extra === NO_AMOUNTS) node.dominant = dominant
    key.active = node.activeLeaves > 0
    key.amount = amount
    key.total = total
    key.weight = node.weight
    key.value = (amount / total / node.weight) * 1000
    key.count = node.count
    key.name = node.name
    return key
  }

  /**
   * Who would come first if both had got what they ask for: compares the nodes above them that are siblings.
   * Negative when it is `a`. The number of grants does not count.
   */
  compareAfter(
    a: { leaf: FairNode<T>; gets: readonly number[] },
    b: { leaf: FairNode<T>; gets: readonly number[] },
  ): number {
    const [x, y] = siblingsAbove(a.leaf, b.leaf)
    return compareWeightedRatios(this.keyOf(x, a.gets), this.keyOf(y, b.gets))
  }

  #insert(place: { name: string; parent: FairNode<T> | undefined; leaf: boolean }, payload: T): FairNode<T> {
    const index = this.#vacant.pop() ?? this.#nodes.length
    const node = new FairNode({ ...place, index }, payload)
    this.#nodes[index] = node
    return node
  }

  #touch(node: FairNode<T>): void {
    if (node.moved) return
    node.moved = true
    this.#moved.push(node)
  }

  /** Its old key says where it is; the keys of siblings that moved too are still the old ones. */
  #place(node: FairNode<T>): void {
    const { parent, key: before } = node
    const key = this.#writeKey(this.#spareKey, node, NO_AMOUNTS)
    if (parent !== undefined && parent.size > 1) {
      const { order, size } = parent
      const from = this.#indexOf(parent, before, size)
      order.copyWithin(from, from + 1, size)
      const to = this.#indexOf(parent, key, size - 1)
      order.copyWithin(to + 1, to, size - 1)
      order[to] = node.index
    }
    node.key = key
    this.#spareKey = before
  }

  #settleAll(): void {
    this.#allMoved = false
    for (const node of this.#moved) node.moved = false
    this.#moved.length = 0
    this.#resort(this.root)
  }

  #resort(node: FairNode<T>): void {
    this.#writeKey(node.key, node, NO_AMOUNTS)
    if (node.size === 0) return
    const children = [...this.children(node)]
    for (const child of children) this.#resort(child)
    children.sort((a, b) => compareKeys(a.key, b.key))
    for (const [at, child] of children.entries()) node.order[at] = child.index
  }

  /** How many of the first `size` children come before the key. */
  #indexOf(parent: FairNode<T>, key: FairKey, size: number): number {
    const { order } = parent
    let low = 0
    let high = size
    while (low < high) {
      const middle = (low + high) >> 1
      const { key: other } = this.#nodes[order[middle] as number] as FairNode<T>
      if (compareKeys(other, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The two nodes on the paths to the root that have one parent. */
function siblingsAbove<T>(a: FairNode<T>, b: FairNode<T>): readonly [FairNode<T>, FairNode<T>] {
  const above = new Map<FairNode<T> | undefined, FairNode<T>>()
  for (let node: FairNode<T> | undefined = a; node !== undefined; node = node.parent)
    above.set(node.parent, node)
  for (let node = b; ; node = node.parent as FairNode<T>) {
    const twin = above.get(node.parent)
    if (twin !== undefined) return [twin, node]
  }
}

/** @throws InvalidError unless the weight is from 0.001 to 1,000,000 */
export function weightThousandths(weight: number): number {
  if (!(weight >= WEIGHT_MIN && weight <= WEIGHT_MAX)) {
    const message = `must be a number from ${WEIGHT_MIN} to ${WEIGHT_MAX}`
    throw new InvalidError('weight', [{ field: 'weight', value: weight, message }])
  }
  return Math.round(weight * 1000)
}

function add(target: number[], amounts: readonly number[], sign: 1 | -1): void {
  for (let column = 0; column < amounts.length; column++) {
    const amount = amounts[column] as number
    if (amount === 0 && column < target.length) continue
    while (target.length <= column) target.push(0)
    target[column] = (target[column] as number) + sign * amount
  }
}

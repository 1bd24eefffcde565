/** Bounds of a group, by column, as whole numbers. */
export interface QuotaBounds {
  /** What it gets before others share. 0 or absent: nothing. */
  readonly guarantee?: readonly number[] | undefined
  /** What it never exceeds; infinite where there is no limit. */
  readonly limit?: readonly number[] | undefined
  /** How much of the unused guarantee others may use. Default 0: it is all held back. */
  readonly lending?: readonly number[] | undefined
}

/** A group in a {@link QuotaTree}. */
export interface QuotaNode {
  readonly path: string
  readonly parent: QuotaNode | undefined
  readonly bounds: QuotaBounds
  /** What its subtree consumes. */
  readonly consumed: readonly number[]
  /** What must be held back for its subtree. */
  readonly need: readonly number[]
}

interface OwnNode extends QuotaNode {
  readonly parent: OwnNode | undefined
  readonly consumed: number[]
  readonly need: number[]
  readonly childNeed: number[]
  bounds: QuotaBounds
  /** How many groups are directly below. */
  children: number
  waiting: readonly number[] | undefined
  /** Whether some guarantee of its own is not consumed. */
  unmet: boolean
  /** How many groups in its subtree are unmet, itself included. */
  unmetBelow: number
  /** Bits of the columns whose own limit is reached. */
  full: number
}

const NO_BOUNDS: QuotaBounds = {}

/**
 * Guarantees and limits of nested groups, with what they consume. A limit holds for the whole subtree, so who
 * asks is bound by all its ancestors. A group's unmet guarantee is held back from everybody else; of a nested
 * guarantee the larger of the group's own need and the sum of its children's counts.
 *
 * Consumption is kept along the path: a change costs O(depth × columns).
 */
export class QuotaTree {
  readonly #nodes = new Map<string, OwnNode>()
  readonly #root: OwnNode
  #bounded = 0

  constructor() {
    this.#root = makeNode('', undefined)
  }

  /** The group above all. */
  get root(): QuotaNode {
    return this.#root
  }

  /** Whether no group has bounds. */
  get isEmpty(): boolean {
    return this.#bounded === 0
  }

  /** Whether any group has a guarantee that it does not consume whole. */
  get hasUnmet(): boolean {
    return this.#root.unmetBelow > 0
  }

  /** Whether anything must be held back. */
  get holdsBack(): boolean {
    const { need } = this.#root
    for (let column = 0; column < need.length; column++) if ((need[column] as number) > 0) return true
    return false
  }

  /** What must be held back in all, by column. */
  get required(): readonly number[] {
    return this.#root.need
  }

  /** The group of a path, made when it is new, with those above it. */
  node(path: string): QuotaNode {
    return this.#node(path)
  }

  setBounds(path: string, bounds: QuotaBounds): void {
    const node = this.#node(path)
    this.#bounded += Number(isBounded(bounds)) - Number(isBounded(node.bounds))
    node.bounds = bounds
    this.#update(node)
  }

  /**
   * What waiting demand below could use at all; more is not held back. Undefined: it is not known, and all of
   * the guarantee is held back.
   */
  setWaiting(path: string, amounts: readonly number[] | undefined): void {
    const node = this.#node(path)
    node.waiting = amounts
    this.#update(node)
  }

  /** Forgets a group that has no bounds, consumes nothing and has no groups below. False, and nothing, otherwise. */
  remove(path: string): boolean {
    const node = this.#nodes.get(path)
    if (node === undefined) return true
    const used = node.waiting !== undefined || node.consumed.some(amount => amount !== 0)
    if (node.children > 0 || used || hasBounds(node.bounds)) return false
    this.#nodes.delete(path)
    if (node.parent !== undefined) node.parent.children--
    return true
  }

  /** Adds to the consumption of a group and of those above it. */
  consume(of: QuotaNode, amounts: readonly number[], sign: 1 | -1): void {
    for (let node: OwnNode | undefined = of as OwnNode; node !== undefined; node = node.parent) {
      const { consumed } = node
      for (let column = 0; column < amounts.length; column++) {
        while (consumed.length <= column) consumed.push(0)
        consumed[column] = (consumed[column] as number) + sign * (amounts[column] as number)
      }
    }
    if (this.#bounded > 0) this.#update(of as OwnNode)
  }

  /** How much more of a column the group may consume: the least that it and those above it leave. */
  roomOf(of: QuotaNode, column: number): number {
    let room = Number.POSITIVE_INFINITY
    for (let node: QuotaNode | undefined = of; node !== undefined; node = node.parent) {
      const limit = node.bounds.limit?.[column]
      if (limit !== undefined) room = Math.min(room, limit - (node.consumed[column] ?? 0))
    }
    return Math.max(0, room)
  }

  /** The first group, from `of` upwards, whose limit leaves nothing of a column. */
  exhaustedAt(of: QuotaNode, column: number): QuotaNode | undefined {
    for (let node: QuotaNode | undefined = of; node !== undefined; node = node.parent) {
      const limit = node.bounds.limit?.[column]
      if (limit !== undefined && limit <= (node.consumed[column] ?? 0)) return node
    }
    return undefined
  }

  /**
   * How much more of a column the group may get as a guarantee: its own unmet part, or what its parent may get
   * after the needs of its siblings.
   */
  entitlementOf(of: QuotaNode, column: number): number {
    const { parent } = of
    if (parent === undefined) return 0
    const own = (of.bounds.guarantee?.[column] ?? 0) - (of.consumed[column] ?? 0)
    const above = this.entitlementOf(parent, column)
    if (above <= 0) return Math.max(0, own)
    const siblings = ((parent as OwnNode).childNeed[column] ?? 0) - (of.need[column] ?? 0)
    return Math.max(0, own, above - siblings)
  }

  /** False only when no guarantee of the group, of one above or below it is unmet. */
  mayBeEntitled(of: QuotaNode): boolean {
    if ((of as OwnNode).unmetBelow > 0) return true
    for (let node = (of as OwnNode).parent; node !== undefined; node = node.parent)
      if (node.unmet) return true
    return false
  }

  /** Whether limits leave the group nothing of the columns, given as bits; columns from the 31st on have none. */
  isFull(of: QuotaNode, columns: number): boolean {
    let full = 0
    for (let node: OwnNode | undefined = of as OwnNode; node !== undefined; node = node.parent)
      full |= node.full
    return (full & columns) === columns
  }

  /** Groups that were named so far, in the order of their paths. */
  nodes(): readonly QuotaNode[] {
    return [...this.#nodes.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  #node(path: string): OwnNode {
    const known = this.#nodes.get(path)
    if (known !== undefined) return known
    const at = path.lastIndexOf('/')
    const parent = at < 0 ? this.#root : this.#node(path.slice(0, at))
    const node = makeNode(path, parent)
    this.#nodes.set(path, node)
    parent.children++
    return node
  }

  #noteBounds(node: OwnNode): void {
    const unmet = isUnmet(node)
    node.full = fullBits(node)
    if (unmet === node.unmet) return
    node.unmet = unmet
    for (let each: OwnNode | undefined = node; each !== undefined; each = each.parent)
      each.unmetBelow += unmet ? 1 : -1
  }

  /** Recomputes the need of a group and passes the difference upwards. */
  #update(from: OwnNode): void {
    for (let node: OwnNode | undefined = from; node !== undefined; node = node.parent) {
      this.#noteBounds(node)
      const columns = Math.max(
        node.consumed.length,
        node.childNeed.length,
        node.need.length,
        node.bounds.guarantee?.length ?? 0,
      )
      for (let column = 0; column < columns; column++) {
        const before = node.need[column] ?? 0
        const after = needOf(node, column)
        if (after === before) continue
        raise(node.need, column, after - before)
        if (node.parent !== undefined) raise(node.parent.childNeed, column, after - before)
      }
    }
  }
}

/** Columns that have a bit. */
const BITS = 31

function fullBits({ bounds: { limit }, consumed }: OwnNode): number {
  let bits = 0
  if (limit === undefined) return bits
  for (let column = 0; column < limit.length && column < BITS; column++)
    if ((consumed[column] ?? 0) >= (limit[column] as number)) bits |= 1 << column
  return bits
}

function isUnmet({ bounds, consumed }: OwnNode): boolean {
  return bounds.guarantee?.some((amount, column) => amount > (consumed[column] ?? 0)) === true
}

function needOf({ bounds, consumed, childNeed, waiting }: OwnNode, column: number): number {
  const guarantee = bounds.guarantee?.[column] ?? 0
  const unmet = Math.max(0, guarantee - (consumed[column] ?? 0) - (bounds.lending?.[column] ?? 0))
  const need = Math.max(unmet, childNeed[column] ?? 0)
  return waiting === undefined ? need : Math.min(need, waiting[column] ?? 0)
}

function raise(amounts: number[], column: number, by: number): void {
  while (amounts.length <= column) amounts.push(0)
  amounts[column] = (amounts[column] as number) + by
}

function makeNode(path: string, parent: OwnNode | undefined): OwnNode {
  return {
    path,
    parent,
    bounds: NO_BOUNDS,
    consumed: [],
    need: [],
    childNeed: [],
    children: 0,
    waiting: undefined,
    unmet: false,
    unmetBelow: 0,
    full: 0,
  }
}

function hasBounds({ guarantee, limit, lending }: QuotaBounds): boolean {
  return guarantee !== undefined || limit !== undefined || lending !== undefined
}

function isBounded({ guarantee, limit }: QuotaBounds): boolean {
  return guarantee !== undefined || limit !== undefined
}

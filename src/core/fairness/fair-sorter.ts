import type { Random } from '../env/random.js'
import { InvalidError, UsageError } from '../errors.js'
import { assertKnown, knownOptions } from '../known-options.js'
import type { ResourceVector } from '../resources/resources.js'
import { amountOf } from '../resources/resources.js'
import type { FairNode } from './fair-node.js'
import { FairTree } from './fair-tree.js'
import type { Fraction } from './fraction.js'
import { compareFractions, fractionValue } from './fraction.js'
import type { RescaledMember } from './rescaled-share.js'
import { rescaledShares } from './rescaled-share.js'
import { weightedShuffle } from './weighted-shuffle.js'

/** What a comparator of one's own sees of a client or group. */
export interface FairShare {
  /** Components joined by `/`. */
  readonly path: string
  readonly weight: number
  /** Dominant share divided by the weight. */
  readonly share: number
  /** The resource with the largest share, undefined when nothing is used. */
  readonly dominant: string | undefined
  /** Grants so far. */
  readonly count: number
}

/** Options of {@link createFairSorter}. */
export interface FairSorterOptions {
  /** Resources that do not count for shares, such as `gpus` that few have. Default none. */
  readonly exclude?: readonly string[]
  /** Only this resource counts: max-min fairness over it. */
  readonly resource?: string
  /**
   * What a group uses: the `sum` of its members, or the sum after they are `rescaled` to each other, see
   * {@link rescaledShares}. Rescaling recomputes everything at each `order`. Default `sum`.
   */
  readonly hierarchy?: 'sum' | 'rescaled'
  /** An order of one's own among siblings; sorts everything at each `order`. Ties go to the lower path. */
  readonly compare?: (a: FairShare, b: FairShare) => number
  /** A random order at each `order`, by weight alone, instead of shares. */
  readonly shuffle?: Random
}

/** Clients by path in the order in which they should be served. */
export interface FairSorter {
  /**
   * Adds a client; `eng/web` belongs to the group `eng`, which may be a client too.
   *
   * @throws UsageError when there is one
   */
  add(path: string): void
  /** Takes a client out, with what it uses. */
  remove(path: string): void
  /** Weight of a client or a group, remembered also for those that do not exist yet. Default 1. */
  setWeight(path: string, weight: number): void
  /** Whether the client takes part. It keeps its share. */
  setActive(path: string, active: boolean): void
  /** Adds a grant of whole numbers. */
  allocate(path: string, amounts: ResourceVector): void
  /** Takes amounts back. The number of grants, which breaks ties, stays. */
  release(path: string, amounts: ResourceVector): void
  /** What the cluster has, in the same units. */
  setTotal(amounts: ResourceVector): void
  /** Active clients, most entitled first. */
  order(): readonly string[]
  /** @throws UsageError for a path that is neither client nor group */
  share(path: string): FairShare
}

interface Group {
  readonly path: string
}

type Node = FairNode<Group>

/** The leaf that stands for a path as a client, beside the groups below it. */
const OWN_LEAF = '.'

const FAIR_SORTER_OPTIONS = /* @__PURE__ */ knownOptions<FairSorterOptions>('createFairSorter', {
  exclude: true,
  resource: true,
  hierarchy: true,
  compare: true,
  shuffle: true,
})

/**
 * A sorter by dominant resource fairness, see {@link FairTree}, or by one of the other rules of the options.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createFairSorter } from 'keelson/core/fairness'
 *
 * const sorter = createFairSorter()
 * sorter.setTotal({ cpus: 100, mem: 1000 })
 * sorter.add('eng/web')
 * sorter.add('ops')
 * sorter.allocate('eng/web', { cpus: 10, mem: 10 })
 * sorter.allocate('ops', { cpus: 1, mem: 90 })
 * assert.deepEqual(sorter.order(), ['ops', 'eng/web'])
 * assert.equal(sorter.share('eng').dominant, 'cpus')
 * ```
 */
export function createFairSorter(options: FairSorterOptions = {}): FairSorter {
  assertKnown(options, FAIR_SORTER_OPTIONS)
  return new PathSorter(options)
}

class PathSorter implements FairSorter {
  readonly #options: FairSorterOptions
  readonly #tree: FairTree<Group> = new FairTree({ path: '' })
  readonly #groups = new Map<string, Node>()
  readonly #leaves = new Map<string, Node>()
  readonly #weights = new Map<string, number>()
  readonly #columns: string[] = []
  #total: readonly number[] = []

  constructor(options: FairSorterOptions) {
    this.#options = options
  }

  add(path: string): void {
    if (this.#leaves.has(path)) throw new UsageError(`${path} is a client already`)
    const leaf = this.#tree.add({ name: OWN_LEAF, parent: this.#groupOf(path), leaf: true }, { path })
    this.#leaves.set(path, leaf)
    this.#tree.setActive(leaf, true)
  }

  remove(path: string): void {
    const leaf = this.#leafOf(path)
    this.#tree.release(leaf, [...leaf.used])
    this.#tree.remove(leaf)
    this.#leaves.delete(path)
    for (let group = leaf.parent; group?.parent !== undefined && group.size === 0; ) {
      const { parent, payload } = group
      this.#tree.remove(group)
      this.#groups.delete(payload.path)
      group = parent
    }
  }

  setWeight(path: string, weight: number): void {
    const group = this.#groups.get(path)
    if (group === undefined) this.#weights.set(path, weight)
    else this.#tree.setWeight(group, weight)
    this.#weights.set(path, weight)
  }

  setActive(path: string, active: boolean): void {
    this.#tree.setActive(this.#leafOf(path), active)
  }

  allocate(path: string, amounts: ResourceVector): void {
    this.#tree.allocate(this.#leafOf(path), this.#vector(amounts))
  }

  release(path: string, amounts: ResourceVector): void {
    const leaf = this.#leafOf(path)
    const vector = this.#vector(amounts)
    for (const [column, amount] of vector.entries()) {
      if (amount <= (leaf.used[column] ?? 0)) continue
      const message = `must be at most the ${leaf.used[column] ?? 0} that ${path} uses`
      throw new InvalidError('release', [{ field: this.#columns[column] ?? '', value: amount, message }])
    }
    this.#tree.release(leaf, vector)
  }

  setTotal(amounts: ResourceVector): void {
    this.#total = this.#vector(amounts)
    const { exclude = [], resource } = this.#options
    this.#tree.setTotals(this.#total, column => {
      const name = this.#columns[column] as string
      return !exclude.includes(name) && (resource === undefined || name === resource)
    })
  }

  order(): readonly string[] {
    this.#tree.settle()
    const rescaled = this.#options.hierarchy === 'rescaled' ? this.#rescaled() : undefined
    return [...this.#walk(this.#tree.root, rescaled)]
  }

  share(path: string): FairShare {
    const node = this.#groups.get(path)
    if (node === undefined) throw new UsageError(`${path} is neither client nor group`)
    this.#tree.settle()
    const rescaled = this.#options.hierarchy === 'rescaled' ? this.#rescaled().get(node) : undefined
    const view = this.#view(node)
    return rescaled === undefined ? view : { ...view, share: fractionValue(rescaled) }
  }

  *#walk(node: Node, rescaled: ReadonlyMap<Node, Fraction> | undefined): IterableIterator<string> {
    if (node.leaf) yield node.payload.path
    else
      for (const child of this.#ordered(node, rescaled))
        if (child.activeLeaves > 0) yield* this.#walk(child, rescaled)
  }

  #ordered(node: Node, rescaled: ReadonlyMap<Node, Fraction> | undefined): readonly Node[] {
    const children = [...this.#tree.children(node)]
    const { compare, shuffle } = this.#options
    if (shuffle !== undefined) return weightedShuffle(children, shuffle, child => child.weight)
    if (compare !== undefined)
      return children.sort((a, b) => compare(this.#view(a), this.#view(b)) || (a.name < b.name ? -1 : 1))
    if (rescaled === undefined) return children
    const shareOf = (child: Node): Fraction => rescaled.get(child) as Fraction
    return children.sort(
      (a, b) => compareFractions(shareOf(a), shareOf(b)) || a.count - b.count || (a.name < b.name ? -1 : 1),
    )
  }

  #rescaled(): ReadonlyMap<Node, Fraction> {
    const memberOf = (node: Node): RescaledMember<Node> => ({
      id: node,
      weight: node.weight,
      used: node.used,
      ...(!node.leaf && { children: [...this.#tree.children(node)].map(memberOf) }),
    })
    const { exclude = [], resource } = this.#options
    const totals = this.#total.map((amount, column) => {
      const name = this.#columns[column] as string
      return exclude.includes(name) || (resource !== undefined && name !== resource) ? 0 : amount
    })
    return rescaledShares([...this.#tree.children()].map(memberOf), totals)
  }

  #view(node: Node): FairShare {
    const { share, weight, count, payload, dominant } = node
    return { path: payload.path, weight: weight / 1000, share, dominant: this.#columns[dominant], count }
  }

  #groupOf(path: string): Node {
    const known = this.#groups.get(path)
    if (known !== undefined) return known
    const at = path.lastIndexOf('/')
    const parent = at < 0 ? this.#tree.root : this.#groupOf(path.slice(0, at))
    const group = this.#tree.add({ name: path.slice(at + 1), parent, leaf: false }, { path })
    this.#groups.set(path, group)
    const weight = this.#weights.get(path)
    if (weight !== undefined) this.#tree.setWeight(group, weight)
    return group
  }

  #leafOf(path: string): Node {
    const leaf = this.#leaves.get(path)
    if (leaf === undefined) throw new UsageError(`${path} is no client; add it first`)
    return leaf
  }

  #vector(amounts: ResourceVector): number[] {
    for (const name of Object.keys(amounts)) if (!this.#columns.includes(name)) this.#columns.push(name)
    return this.#columns.map(name => amountOf(amounts, name))
  }
}

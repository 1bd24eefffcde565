import type { NodeRow } from '../nodes/node-table.js'
import type { ClusterView, DomainView, FilterReason, NodesMeant, Profile } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import type { Bucket, Standing } from './bucket.js'
import { BucketTree, SELECTED, UNTAINTED } from './bucket.js'
import { ClassDomains, partOf } from './class-domains.js'
import type { ClassContext, ClassPlugins } from './class-plugins.js'
import { checkedReasons, classPlugins, passes, releasePlugins } from './class-plugins.js'
import type { FamilyMember, RequestFamily, StaticPlugins } from './request-family.js'
import { checkedRaw, checkedScore, scoreUnits } from './score-sum.js'
import type { SlotOrder } from './slot-heap.js'

/** The family of a request, by what static plugins say. */
export type FindFamily = (request: PreparedRequest, statics: StaticPlugins) => RequestFamily

/** When no more nodes changed than that, taking them in costs less than a search. */
const LAG_MAX = 8

const NO_BUCKETS: readonly Bucket[] = Object.freeze([])
const NO_STATES = /* @__PURE__ */ new Uint8Array(0)
const NO_POSITIONS = /* @__PURE__ */ new Int32Array(0)
const NO_TOTALS = /* @__PURE__ */ new Float64Array(0)

/** What is known of a node from its description alone: nothing yet, or four more than what its bucket counts it as. */
const UNKNOWN = 0
const KNOWN = 4
const ENTERABLE = KNOWN + SELECTED + UNTAINTED

/**
 * All requests that ask for the same, with what is known of every node for them: which fit, with which total, sorted.
 * A change of a node is taken in when the class is next used; the rest of the nodes are not looked at again.
 */
export class RequestClass {
  readonly request: PreparedRequest
  readonly #context: ClassContext
  readonly #findFamily: FindFamily
  /** Changes of nodes before the class was made. */
  readonly #since: number
  /** As searches see it; made for the first. */
  #member: FamilyMember | undefined
  /** What searches have cost since nodes were last taken in, in nodes. */
  #searched = 0
  #plugins: ClassPlugins
  #views: readonly DomainView[] = []
  /** Made when nodes are taken in. */
  #tree: BucketTree | undefined
  #states: Uint8Array = NO_STATES
  #bucketOf: (Bucket | undefined)[] = []
  #positions: Int32Array = NO_POSITIONS
  #totals: Float64Array = NO_TOTALS
  #order: SlotOrder
  #cursor = -1
  #keepingAwayEpoch: number
  #stamp = 0
  readonly #parts: number[] = []
  /** Whether it was forgotten. */
  isReleased = false

  constructor(request: PreparedRequest, context: ClassContext, findFamily: FindFamily) {
    this.request = request
    this.#context = context
    this.#findFamily = findFamily
    this.#since = context.table.log.head
    const { registry, table } = context
    this.#keepingAwayEpoch = registry.keepingAwayEpoch
    this.#plugins = classPlugins(request, context)
    this.#order = { totals: this.#totals, ranks: table.names.ranks }
    this.#viewAll()
  }

  /** How the profile combines scores. */
  get combine(): NonNullable<Profile['combine']> {
    return this.#context.profile.combine ?? 'sum'
  }

  get plugins(): ClassPlugins {
    return this.#plugins
  }

  get order(): SlotOrder {
    return this.#order
  }

  /** Groups of nodes; those without room are among them. */
  get buckets(): readonly Bucket[] {
    return this.#tree?.buckets ?? NO_BUCKETS
  }

  /** What the domain plugin whose first term is at `offset` looks at. */
  viewAt(offset: number): DomainView {
    return this.#views[offset] as DomainView
  }

  /** Ends the counting for this class. */
  release(): void {
    this.isReleased = true
    releasePlugins(this.#plugins, this.#context.registry)
  }

  /**
   * The best node, without taking in what has changed since; undefined: take it in. It is searched for among the nodes
   * of the family while all searches together cost less than that.
   */
  search(): { readonly best: NodeRow | undefined } | undefined {
    this.#renewTerms()
    const { search } = this.#plugins
    if (search === undefined) return undefined
    const { log, size } = this.#context.table
    const lag = this.#cursor < 0 ? size + log.runsSince(this.#since) : log.runsSince(this.#cursor)
    if (lag <= LAG_MAX) return undefined
    const family = this.#findFamily(this.request, search.statics)
    if (this.#searched >= lag || !family.pays(lag)) {
      this.#searched = 0
      return undefined
    }
    this.#member ??= {
      request: this.request,
      bound: search.bound,
      asked: search.bound.asked(this.request),
      totalOn: row => (this.#passesNode(row) ? this.#total(row) : -1),
    }
    const best = family.best(this.#member)
    this.#searched += family.looked
    return { best }
  }

  /** Whether the node, by its description alone, is one that the request may have. */
  mayEnter(row: NodeRow): boolean {
    return row.unreadable === undefined && this.#stateOf(row) === ENTERABLE
  }

  /** Whether every filter lets the request onto the node. */
  fits(row: NodeRow): boolean {
    this.#renewTerms()
    const { uses, globals } = this.#plugins
    if (uses.length + globals.length === 0) return this.mayEnter(row) && this.#passesNode(row)
    this.sync()
    return this.hasRoom(row.slot) && this.domainsPass(row)
  }

  /** Takes in what has changed since, if some filter looks at other nodes than the one it is asked about. */
  syncDomains(): void {
    this.#renewTerms()
    if (this.#plugins.domains.length > 0) this.sync()
  }

  /** Takes in what has changed since. */
  sync(): void {
    const { log, names } = this.#context.table
    this.#stamp++
    this.#renewTerms()
    if (this.#cursor === log.head) return
    const lag = log.head - this.#cursor
    const isFar = this.#cursor < 0 || !log.reaches(this.#cursor) || lag > this.#context.table.lagMax
    if (isFar || this.#plugins.globals.length > 0) return this.#rebuild()
    if (this.#states.length < this.#context.table.slotCount) this.#widen()
    this.#order = { totals: this.#totals, ranks: names.ranks }
    // What plugins throw must leave no node half taken in.
    const from = this.#cursor
    this.#cursor = -1
    for (let position = from; position < from + lag; position++) {
      const slot = log.slotAt(position)
      // As if the node had never been seen.
      if (log.isNodeChange(position)) this.#move(slot, undefined, UNKNOWN)
      else if (position + 1 < from + lag && log.slotAt(position + 1) === slot) continue
      this.#evaluate(slot)
    }
    this.#cursor = from + lag
  }

  /** Whether every filter that looks at the node alone lets the request on. After `sync`. */
  hasRoom(slot: number): boolean {
    return (this.#positions[slot] as number) >= 0
  }

  bucketOf(slot: number): Bucket | undefined {
    return this.#bucketOf[slot]
  }

  totalOf(slot: number): number {
    return this.#totals[slot] as number
  }

  /** Whether all domain filters let the request onto nodes like this one. After `sync`. */
  domainsPass(row: NodeRow): boolean {
    for (const { plugin, offset } of this.#plugins.domains) {
      const view = this.#views[offset] as DomainView
      const isFine =
        plugin.passes?.(this.request, row, view) ??
        checkedReasons(plugin, plugin.filter(this.request, row, view)) === undefined
      if (!isFine) return false
    }
    return true
  }

  /** What every filter says of a node, in the order of the profile. After `sync`. */
  *refusals(row: NodeRow): Iterable<{ readonly plugin: string; readonly reasons: readonly FilterReason[] }> {
    const { request } = this
    for (const plugin of this.#context.profile.filters) {
      if (plugin.applies !== undefined && !plugin.applies(request)) yield { plugin: plugin.name, reasons: [] }
      else if (plugin.locality === 'domain') {
        const known = this.#plugins.domains.find(one => one.plugin === plugin)
        const view = known === undefined ? undefined : this.#views[known.offset]
        const said = view === undefined ? undefined : plugin.filter(request, row, view)
        yield { plugin: plugin.name, reasons: checkedReasons(plugin, said) ?? [] }
      } else if (plugin.locality === 'global')
        yield {
          plugin: plugin.name,
          reasons: checkedReasons(plugin, plugin.filter(request, row, this.#cluster())) ?? [],
        }
      else yield { plugin: plugin.name, reasons: checkedReasons(plugin, plugin.filter(request, row)) ?? [] }
    }
  }

  #cluster(): ClusterView {
    return { nodes: () => this.#context.table.rows() }
  }

  /** When other terms keep requests away than before, nodes are sorted by other counts. */
  #renewTerms(): void {
    const { registry } = this.#context
    if (this.#keepingAwayEpoch === registry.keepingAwayEpoch) return
    this.#keepingAwayEpoch = registry.keepingAwayEpoch
    const renewed = classPlugins(this.request, this.#context)
    const isSame =
      renewed.termKeys.length === this.#plugins.termKeys.length &&
      renewed.termKeys.every((key, index) => key === this.#plugins.termKeys[index])
    releasePlugins(isSame ? renewed : this.#plugins, registry)
    if (isSame) return
    this.#plugins = renewed
    this.#viewAll()
    this.#cursor = -1
  }

  #viewAll(): void {
    if (this.#plugins.uses.length === 0) return
    const source = {
      uses: this.#plugins.uses,
      buckets: () => this.buckets,
      slots: (among: NodesMeant) => this.#slots(among),
      stamp: () => this.#stamp,
    }
    const views: DomainView[] = []
    const all = [
      ...this.#plugins.domains,
      ...this.#plugins.scores.flatMap(score => (score.kind === 'domain' ? [score.of] : [])),
    ]
    for (const { offset, termCount } of all) views[offset] = new ClassDomains(source, offset, termCount)
    this.#views = views
  }

  *#slots(among: NodesMeant): Iterable<number> {
    for (let slot = 0; slot < this.#states.length; slot++) {
      const state = this.#states[slot] as number
      const isMeant =
        among === 'all'
          ? state !== UNKNOWN
          : among === 'roomy'
            ? this.hasRoom(slot)
            : among === 'selected'
              ? (state & SELECTED) !== 0
              : among === 'untainted'
                ? (state & UNTAINTED) !== 0
                : state === ENTERABLE
      if (isMeant) yield slot
    }
  }

  #rebuild(): void {
    const { table } = this.#context
    const length = Math.max(16, table.slotCount)
    this.#cursor = -1
    this.#tree = new BucketTree()
    this.#states = new Uint8Array(length)
    this.#bucketOf = new Array<Bucket | undefined>(length).fill(undefined)
    this.#positions = new Int32Array(length).fill(-1)
    this.#totals = new Float64Array(length)
    this.#order = { totals: this.#totals, ranks: table.names.ranks }
    for (const slot of table.names) this.#evaluate(slot)
    this.#cursor = table.log.head
  }

  #widen(): void {
    const length = Math.max(this.#context.table.slotCount, this.#states.length * 2)
    const [states, positions, totals] = [this.#states, this.#positions, this.#totals]
    this.#states = new Uint8Array(length)
    this.#states.set(states)
    this.#positions = new Int32Array(length).fill(-1)
    this.#positions.set(positions)
    this.#totals = new Float64Array(length)
    this.#totals.set(totals)
    while (this.#bucketOf.length < length) this.#bucketOf.push(undefined)
  }

  #evaluate(slot: number): void {
    const row = this.#context.table.at(slot)
    if (row === undefined || row.unreadable !== undefined) return this.#move(slot, undefined, UNKNOWN)
    let state = this.#states[slot] as number
    if (state === UNKNOWN) state = this.#stateOf(row)
    const total = state === ENTERABLE && this.#passesNode(row) ? this.#total(row) : -1
    this.#move(slot, this.#bucketFor(row), state)
    this.#rank(slot, total)
  }

  #stateOf(row: NodeRow): number {
    let state = ENTERABLE
    for (const plugin of this.#plugins.statics) {
      if (!passes(plugin, this.request, row)) state &= plugin.selecting === true ? ~SELECTED : ~UNTAINTED
      if (state === KNOWN) break
    }
    return state
  }

  #passesNode(row: NodeRow): boolean {
    const { nodes, globals } = this.#plugins
    for (let index = 0; index < nodes.length; index++)
      if (!passes(nodes[index] as (typeof nodes)[number], this.request, row)) return false
    for (const plugin of globals)
      if (checkedReasons(plugin, plugin.filter(this.request, row, this.#cluster())) !== undefined)
        return false
    return true
  }

  /** The sum of the scores that are the node's own, in units; with `mean`, of those that count. */
  #total(row: NodeRow): number {
    let total = 0
    const { scores, countsScores } = this.#plugins
    for (let index = 0; index < scores.length; index++) {
      const score = scores[index] as (typeof scores)[number]
      if (score.kind !== 'local') continue
      const found = score.plugin.score(this.request, row)
      if (found === undefined && countsScores) continue
      total += scoreUnits(checkedScore(score.plugin, found), score.weight)
    }
    return total
  }

  #bucketFor(row: NodeRow): Bucket {
    const { uses, scores, partCount, countsScores } = this.#plugins
    const parts = this.#parts
    const tree = this.#tree as BucketTree
    if (partCount === 0) return tree.find(parts)
    for (let index = 0; index < uses.length; index++)
      parts[index] = partOf(uses[index] as (typeof uses)[number], row.slot)
    let counted = 0
    for (let index = 0; index < scores.length; index++) {
      const score = scores[index] as (typeof scores)[number]
      if (score.kind === 'part') parts[score.part] = this.#raw(score.plugin, row)
      else if (countsScores && score.kind === 'local' && score.plugin.score(this.request, row) !== undefined)
        counted++
    }
    if (countsScores) parts[partCount - 1] = counted
    return tree.find(parts)
  }

  /** -1 for a score that does not count. */
  #raw(
    plugin: Parameters<typeof checkedRaw>[0] & {
      score: (request: PreparedRequest, row: NodeRow) => number | undefined
    },
    row: NodeRow,
  ): number {
    const found = plugin.score(this.request, row)
    if (found === undefined && this.#plugins.countsScores) return -1
    return plugin.normalize === undefined ? checkedScore(plugin, found) : checkedRaw(plugin, found)
  }

  /** Puts the node into a bucket, without a place among those with room. */
  #move(slot: number, bucket: Bucket | undefined, state: number): void {
    const before = this.#bucketOf[slot]
    const wasState = this.#states[slot] as number
    this.#states[slot] = state
    if (before === bucket && wasState === state) return
    if (before !== undefined) {
      if ((this.#positions[slot] as number) >= 0) before.heap.remove(slot, this.#order, this.#positions)
      before.members[(wasState & 3) as Standing]--
    }
    this.#bucketOf[slot] = bucket
    if (bucket === undefined) return
    bucket.members[(state & 3) as Standing]++
  }

  /** Gives the node its place among those with room; a total below 0: it has none. */
  #rank(slot: number, total: number): void {
    const { heap } = this.#bucketOf[slot] as Bucket
    const isIn = (this.#positions[slot] as number) >= 0
    if (total < 0) {
      if (isIn) heap.remove(slot, this.#order, this.#positions)
    } else if (isIn) {
      if (this.#totals[slot] === total) return
      this.#totals[slot] = total
      heap.update(slot, this.#order, this.#positions)
    } else {
      this.#totals[slot] = total
      heap.push(slot, this.#order, this.#positions)
    }
  }
}

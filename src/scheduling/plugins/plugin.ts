import type { Reason } from '../../core/index.js'
import type { SiblingCounts } from '../../core/internal.js'
import type { NodeView } from '../nodes/node-view.js'
import type { PlacementRequest, PreparedRequest, RequestField } from '../requests/placement-request.js'
import type { DomainTerm } from '../requests/task-set.js'
import type { NodeRange } from './node-range.js'
import type { ScoreFormula } from './score-formula.js'

/**
 * One cause that keeps a request off a node. Its message is the same for every node with this cause, as reasons
 * are counted by it; the numbers go to `params`.
 */
export interface FilterReason extends Reason {
  /** True when the node would still not do if every task on it were gone. */
  readonly unresolvable: boolean
}

/**
 * What a verdict depends on, so that a scheduler knows what it may remember.
 *
 * - `static`: the request and the node's description; whatever is placed does not matter
 * - `node`: also what is placed on this one node
 * - `domain`: also where other tasks are, by the value of an attribute of their nodes; two nodes with equal counts
 *   under all terms get equal verdicts
 * - `global`: anything; such a plugin is asked about every node, every time
 */
export type Locality = 'static' | 'node' | 'domain' | 'global'

/**
 * Nodes by what static filters say of them: `all`; `selected` by the request's own selectors; `untainted`: not kept away
 * by anything else, such as taints; `enterable`: both; `roomy`: enterable, and with room.
 */
export type NodesMeant = 'all' | 'selected' | 'untainted' | 'enterable' | 'roomy'

/** What plugins of locality `domain` may look at. A term goes by its place in the plugin's `terms`. */
export interface DomainView {
  /** How many terms there are. */
  readonly termCount: number
  /** The attribute of a term. */
  attribute(term: number): string
  /** Tasks of the term on nodes with the same value as this one; 0 when it lacks the attribute. */
  count(term: number, node: NodeView): number
  /** The node's value; undefined when it lacks the attribute. */
  value(term: number, node: NodeView): string | undefined
  /** All counts of the term. */
  counts(term: number): SiblingCounts
  /** The least count among values of the nodes that are meant. */
  fewest(term: number, among: NodesMeant): number
  /** How many values there are among the nodes that are meant. */
  values(term: number, among: NodesMeant): number
  /** How many nodes have room. */
  roomy(): number
}

/** A change of what is placed: a task left a node, or came to one. */
export interface ClusterEvent {
  readonly kind: 'freed' | 'taken'
  /** Name of the node. */
  readonly node: string
  /** As it was recorded; undefined when that is not known any more. */
  readonly task: PlacementRequest | undefined
}

/** What plugins of locality `global` may look at. */
export interface ClusterView {
  /** Every node, in the order of their names. */
  nodes(): Iterable<NodeView>
}

interface Named {
  /** Kebab case, unique within a profile. */
  readonly name: string
  /** False for requests that the plugin has nothing to say about. Default: it is asked. */
  applies?(request: PreparedRequest): boolean
}

interface Hinting {
  /**
   * False when the event cannot end what the filter said: requests that wait for no more than that are then not looked at.
   * A node that came, went or changed always has them looked at. Default, by locality: `static` is ended by neither,
   * `node` by a task that left, the others by both.
   */
  hint?(reason: FilterReason, event: ClusterEvent): boolean
}

/** Says whether a node will do. A pure function of its arguments. */
export type FilterPlugin = NodeFilterPlugin | DomainFilterPlugin | GlobalFilterPlugin

/** A filter that looks at one node alone. */
export interface NodeFilterPlugin extends Named, Hinting {
  readonly locality: 'static' | 'node'
  /** True for conditions that the request itself puts on nodes, such as selectors. Default false. */
  readonly selecting?: boolean
  /** Undefined when the node will do; otherwise every cause, at least one. */
  filter(request: PreparedRequest, node: NodeView): readonly FilterReason[] | undefined
  /** As `filter(…) === undefined`, where that can be said faster. */
  passes?(request: PreparedRequest, node: NodeView): boolean
  /** With locality `static`: see {@link NodeScorePlugin.reads}. */
  readonly reads?: readonly RequestField[]
  /** With locality `node`: false only when none of these nodes passes. Speeds up the search. Default: true. */
  mayPass?(request: PreparedRequest, nodes: NodeRange): boolean
  /** With `mayPass`: it passes where there is room for one more task, and for all that the request asks for. */
  readonly formula?: 'room'
}

/** A filter that looks at where other tasks are. */
export interface DomainFilterPlugin extends Named, Hinting {
  readonly locality: 'domain'
  /**
   * What it wants counted for a request; when that is nothing, it is not asked. `keepingAway`: terms by which placed
   * tasks keep such a request away.
   */
  terms(request: PreparedRequest, keepingAway: () => readonly DomainTerm[]): readonly DomainTerm[]
  /** Undefined when the node will do; otherwise every cause, at least one. */
  filter(request: PreparedRequest, node: NodeView, domains: DomainView): readonly FilterReason[] | undefined
  /** As `filter(…) === undefined`, where that can be said faster. */
  passes?(request: PreparedRequest, node: NodeView, domains: DomainView): boolean
}

/** A filter that may look at anything. Slow: it is asked about every node, every time. */
export interface GlobalFilterPlugin extends Named, Hinting {
  readonly locality: 'global'
  filter(request: PreparedRequest, node: NodeView, cluster: ClusterView): readonly FilterReason[] | undefined
}

/**
 * How raw scores become scores from 0 to 100, given those of all nodes that fit; whole numbers, the rest cut off.
 *
 * - `max`: `100 · raw / max`; all 0 when the largest is 0
 * - `reverseMax`: 100 less that
 * - `minMax`: `100 · (raw − min) / (max − min)`; all 0 when they are equal
 * - `reverseSum`: `100 · (max + min − raw) / max`; all 100 when the largest is 0
 */
export type Normalization = 'max' | 'reverseMax' | 'minMax' | 'reverseSum'

/** Says how good a node is. A pure function of its arguments. */
export type ScorePlugin = NodeScorePlugin | DomainScorePlugin

/** A score that looks at one node alone. */
export interface NodeScorePlugin extends Named {
  readonly locality: 'static' | 'node'
  /** Absent: the score is one from 0 to 100, more is better. Present: any finite number of at least 0 that is made one. */
  readonly normalize?: Normalization
  /** Undefined, for profiles that take the mean: the score does not count for this node. */
  score(request: PreparedRequest, node: NodeView): number | undefined
  /**
   * With locality `static`: the fields of the request that decide what it says, and whether it applies. It is then asked
   * once for all requests that are equal in these. Default: any field.
   */
  readonly reads?: readonly RequestField[]
  /**
   * With locality `node`: a score that is at least that of each of these nodes; the lower, the faster the search. When
   * all scores of a profile say this, requests of amounts that were never asked for before need not look at every node.
   */
  most?(request: PreparedRequest, nodes: NodeRange): number
  /** With `most`: what it is made of, so that a search bounds several such scores at once, without asking. */
  readonly formula?: ScoreFormula
}

/** A score that looks at where other tasks are. */
export interface DomainScorePlugin extends Named {
  readonly locality: 'domain'
  readonly normalize?: Normalization
  terms(request: PreparedRequest, keepingAway: () => readonly DomainTerm[]): readonly DomainTerm[]
  score(request: PreparedRequest, node: NodeView, domains: DomainView): number | undefined
}

/** A score plugin and how much it counts. */
export interface WeightedScore {
  readonly plugin: ScorePlugin
  /** A finite number of at least 0; those of a profile come to 1,000,000 at most. */
  readonly weight: number
}

/** A scheduler's set of plugins. Filters run in this order; the cheap and telling ones belong first. */
export interface Profile {
  readonly name: string
  readonly filters: readonly FilterPlugin[]
  readonly scores: readonly WeightedScore[]
  /**
   * `sum` of score · weight; `mean` of the scores that count for a node, all alike; `lexicographic`: the first score
   * decides, of equals the next. Default `sum`.
   */
  readonly combine?: 'sum' | 'mean' | 'lexicographic'
}

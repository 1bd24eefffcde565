import type { Reason } from '../../core/index.js'
import type { NodeView } from '../nodes/node-view.js'
import type { PreparedRequest } from '../requests/placement-request.js'

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
 * - `node`: the request and this one node, with what is placed on it
 * - `siblings` (filters only): also where the siblings of the task are
 * - `normalised`: the raw score depends on the node alone, the final one on the raw scores of all nodes that fit
 */
export type Locality = 'node' | 'siblings' | 'normalised'

/** Says whether a node will do. A pure function of its arguments. */
export interface FilterPlugin {
  /** Kebab case, unique within a profile. */
  readonly name: string
  readonly locality: 'node' | 'siblings'
  /** Undefined when the node will do; otherwise every cause, at least one. */
  filter(request: PreparedRequest, node: NodeView): readonly FilterReason[] | undefined
}

/** Says how good a node is. A pure function of its arguments. */
export type ScorePlugin = NodeScorePlugin | NormalisedScorePlugin

/** A score that looks at one node alone. */
export interface NodeScorePlugin {
  /** Kebab case, unique within a profile. */
  readonly name: string
  readonly locality: 'node'
  /** From 0 to 100; more is better. */
  score(request: PreparedRequest, node: NodeView): number
}

/** A score that means something only beside the other nodes' scores. */
export interface NormalisedScorePlugin {
  /** Kebab case, unique within a profile. */
  readonly name: string
  readonly locality: 'normalised'
  /** Any finite number. */
  score(request: PreparedRequest, node: NodeView): number
  /** Final scores from 0 to 100 in the order of the raw ones; the order of the raw ones must not matter. */
  normalize(raw: readonly number[]): readonly number[]
}

/** A score plugin and how much it counts. */
export interface WeightedScore {
  readonly plugin: ScorePlugin
  /** A finite number of at least 0. */
  readonly weight: number
}

/** A scheduler's set of plugins. Filters run in this order; the cheap and telling ones belong first. */
export interface Profile {
  readonly name: string
  readonly filters: readonly FilterPlugin[]
  readonly scores: readonly WeightedScore[]
}

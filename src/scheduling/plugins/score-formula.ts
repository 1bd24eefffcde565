/** A resource that a score looks at, and how much it counts. */
export interface WeightedResource {
  readonly name: string
  /** A whole number of at least 1. Default 1. */
  readonly weight?: number
}

/**
 * What a score of one node is made of: its tasks, `100 / (1 + tasks)`, or shares of resources that are used with the
 * request on it.
 *
 * - `free`: 100 less the weighted mean of the shares in percent
 * - `used`: that mean
 * - `even`: 100 less the deviation of the shares in percent; 0 when the request asks for none of the resources
 *
 * Shares are 1 at most; resources of which the node has none are left out.
 */
export type ScoreFormula =
  | { readonly of: 'tasks' }
  | {
      readonly of: 'free' | 'used' | 'even'
      /** Default: as `AllocationScoreOptions` says. */
      readonly resources: readonly WeightedResource[] | undefined
      /** Whether the rest of a percent is cut off. */
      readonly isWhole: boolean
    }

/** What is chosen among: an endpoint with its weight. */
export interface Candidate {
  /** Unique; the endpoint's id. */
  readonly id: string
  /** ≥ 0; 0 is never picked while there is another above 0. With none above 0 all are alike. */
  readonly weight: number
  /**
   * Candidates of one group share what the group's weights add up to, however they come and go. Default: one group
   * of all.
   */
  readonly group?: string
}

/** Those that may be picked: with a weight above 0, or all alike where none has one. */
export function weighted(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.every(({ weight }) => weight > 0)) return candidates
  const above = candidates.filter(({ weight }) => weight > 0)
  return above.length > 0 ? above : candidates.map(candidate => ({ ...candidate, weight: 1 }))
}

/** What one pick may look at. */
export interface PickRequest {
  /** Candidates not to pick, such as those that were tried already. Default none. */
  readonly excluded?: ReadonlySet<string>
  /** Open connections of a candidate. Default none has any. */
  readonly active?: (id: string) => number
  /** What hashing policies keep together: a client's address, a session. Default the empty text. */
  readonly key?: string
}

/**
 * Chooses one candidate at a time. Deterministic: equal calls give equal picks. What it has learnt survives
 * `update`, so that shares hold while endpoints come and go.
 */
export interface Balancer {
  /** Replaces the candidates; ids must be unique. */
  update(candidates: readonly Candidate[]): void
  /** Undefined when there is no candidate, or every one that has a weight is excluded. */
  pick(request?: PickRequest): string | undefined
}

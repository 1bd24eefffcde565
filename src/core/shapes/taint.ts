/** What a taint does to tasks that do not tolerate it. */
export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'

/** A property of a node that keeps tasks away. */
export interface Taint {
  readonly key: string
  /** Default: the empty text. */
  readonly value?: string
  readonly effect: TaintEffect
  /** Since when it is there, for `NoExecute`: `tolerationSeconds` count from then. RFC 3339. */
  readonly timeAdded?: string
}

/** A taint that a task puts up with; Kubernetes' matching rules. */
export interface Toleration {
  /** Absent or empty: every key. */
  readonly key?: string
  /** `Equal` compares the values, `Exists` does not. Default `Equal`; anything else tolerates nothing. */
  readonly operator?: 'Equal' | 'Exists'
  /** Default: the empty text. */
  readonly value?: string
  /** Absent: every effect. */
  readonly effect?: TaintEffect
  /**
   * How long a task stays on a node after the taint has come, for the effect `NoExecute` only. A whole number ≥ 0.
   * Default: as long as the taint is there.
   */
  readonly tolerationSeconds?: number
}

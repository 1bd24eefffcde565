/** One aspect of an object's state, as its controller last saw it. */
export interface Condition {
  /** Upper camel case, unique within the list, for example `Ready`. */
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  /** Upper camel case word for programs, for example `ProbeFailed`. */
  readonly reason: string
  /** A sentence for people. */
  readonly message: string
  /** RFC 3339; when `status` last flipped. */
  readonly lastTransitionTime: string
  /** The generation of the object that this was computed from. */
  readonly observedGeneration?: number
}

/** The condition of that type, if the list has one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find(condition => condition.type === type)
}

/** True when the condition exists and holds. */
export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

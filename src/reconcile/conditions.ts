/** One aspect of an object's state; the shape of every `status.conditions` entry. */
export interface ConditionState {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  /** Upper camel case word for programs. */
  readonly reason: string
  /** A sentence for people. */
  readonly message: string
  /** RFC 3339; when `status` last flipped. */
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/**
 * The list with `condition` in it. Changes nothing by itself: write the result into the status.
 *
 * Guarantees: `lastTransitionTime` is kept unless the status flips; when nothing would change, the very same
 * array comes back; other conditions and their order stay; a new type goes to the end.
 *
 * @param now RFC 3339, for example `formatTime(env.clock.now())`
 */
export function setCondition(
  conditions: readonly ConditionState[] | undefined,
  condition: Omit<ConditionState, 'lastTransitionTime'>,
  now: string,
): readonly ConditionState[] {
  const list = conditions ?? []
  const at = list.findIndex(known => known.type === condition.type)
  const known = list[at]
  if (known !== undefined && isSame(known, condition)) return list
  const flipped = known === undefined || known.status !== condition.status
  const next: ConditionState = { ...condition, lastTransitionTime: flipped ? now : known.lastTransitionTime }
  return known === undefined ? [...list, next] : list.with(at, next)
}

function isSame(known: ConditionState, wanted: Omit<ConditionState, 'lastTransitionTime'>): boolean {
  return (
    known.status === wanted.status &&
    known.reason === wanted.reason &&
    known.message === wanted.message &&
    known.observedGeneration === wanted.observedGeneration
  )
}

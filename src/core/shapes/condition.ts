import { InvalidError } from '../errors.js'

/** One aspect of an object's state, as its controller last saw it; an entry of `status.conditions`. */
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

/**
 * The list with `condition` in it. Changes nothing by itself: write the result into the status.
 *
 * Guarantees: `lastTransitionTime` is kept unless the status flips; when nothing would change, the very same
 * array comes back; other conditions and their order stay; a new type goes to the end.
 *
 * @param now RFC 3339, for example `formatTime(env.clock.now())`
 * @throws InvalidError when `now` is no text: a number is milliseconds
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): readonly Condition[] {
  if (typeof now !== 'string') {
    const message = 'must be an RFC 3339 text; write formatTime(env.clock.now())'
    throw new InvalidError('condition', [{ field: 'lastTransitionTime', value: now, message }])
  }
  const list = conditions ?? []
  const at = list.findIndex(known => known.type === condition.type)
  const known = list[at]
  if (known !== undefined && isSame(known, condition)) return list
  const flipped = known === undefined || known.status !== condition.status
  const next: Condition = { ...condition, lastTransitionTime: flipped ? now : known.lastTransitionTime }
  return known === undefined ? [...list, next] : list.with(at, next)
}

function isSame(known: Condition, wanted: Omit<Condition, 'lastTransitionTime'>): boolean {
  return (
    known.status === wanted.status &&
    known.reason === wanted.reason &&
    known.message === wanted.message &&
    known.observedGeneration === wanted.observedGeneration
  )
}

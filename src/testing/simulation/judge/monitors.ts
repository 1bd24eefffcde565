import type { StoredObject } from '../../../store/index.js'
import type { Violation } from './invariants.js'
import { TOUCH_ANNOTATION } from '../world/plain-state.js'
import { nameOf } from '../world/user.js'

/** What an action has done to the store, and what strangers have left there. */
export interface StoreChange {
  readonly before: readonly StoredObject[]
  readonly after: readonly StoredObject[]
  /** By uid. */
  readonly touched: ReadonlyMap<string, string>
}

/** What a write of the code under test did wrong, judged by the objects before and after. */
export function judgeWrite({ before, after, touched }: StoreChange): Violation | undefined {
  const old = new Map(before.map(object => [object.metadata.uid, object]))
  for (const object of after) {
    const previous = old.get(object.metadata.uid)
    if (previous === object) continue
    const violation = observedTooMuch(object, previous) ?? overwritten(object, touched)
    if (violation !== undefined) return violation
  }
  return undefined
}

function observedTooMuch(object: StoredObject, previous: StoredObject | undefined): Violation | undefined {
  const observed = observedGeneration(object)
  if (observed === undefined) return undefined
  const { generation } = object.metadata
  const last = previous && observedGeneration(previous)
  if (observed <= generation && (last === undefined || observed >= last)) return undefined
  const what = observed > generation ? `above its generation ${generation}` : `back from ${last}`
  return {
    invariant: 'observedGeneration',
    message: `${nameOf(object)} has observedGeneration ${observed}, ${what}`,
  }
}

function overwritten(object: StoredObject, touched: ReadonlyMap<string, string>): Violation | undefined {
  const mark = touched.get(object.metadata.uid)
  if (mark === undefined || object.metadata.annotations[TOUCH_ANNOTATION] === mark) return undefined
  return {
    invariant: 'keepsOthersWrites',
    message: `a write to ${nameOf(object)} took away an annotation that somebody else had set in the meantime`,
  }
}

function observedGeneration({ status }: StoredObject): number | undefined {
  const value = (status as { readonly observedGeneration?: unknown } | undefined)?.observedGeneration
  return typeof value === 'number' ? value : undefined
}

import { Immer, isDraft } from 'immer'
import { UsageError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import type { StoredObject } from '../object/object.js'
import type { Recipe } from './write-options.js'

// An own instance: the host application's settings of immer stay its own. Freezing is the border's work.
let immer: Immer | undefined

/**
 * The object as `recipe` leaves it; unchanged parts are those of `object`. What an expression happens to return is
 * ignored: a text, a number, a part of the draft.
 *
 * @throws UsageError when the recipe is asynchronous or no function, or returns an object of its own, which would not be
 * stored; and whatever it throws itself
 */
export function applyRecipe<Spec, Status>(
  object: StoredObject<Spec, Status>,
  recipe: Recipe<Spec, Status>,
): StoredObject<Spec, Status> {
  assertFunction(recipe, 'a recipe')
  immer ??= new Immer({ autoFreeze: false })
  return immer.produce(object, draft => {
    const result: unknown = recipe(draft as Parameters<Recipe<Spec, Status>>[0])
    assertSynchronous(result, 'a recipe')
    if (isRecord(result) && !isDraft(result))
      throw new UsageError(
        'a recipe changes its draft and returns nothing; what it returned would not be stored. ' +
          'Assign to the draft inside braces, or use update',
      )
  })
}

/** @throws UsageError */
export function assertFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') throw new UsageError(`${what} must be a function, not ${String(value)}`)
}

/** @throws UsageError when `result` is a promise: what follows the first await would not be part of the write */
export function assertSynchronous(result: unknown, what: string): void {
  if (typeof result !== 'object' || result === null) return
  if (typeof (result as { then?: unknown }).then !== 'function')
    return // The work is lost either way; its failure must not end the process as an unhandled rejection.
  ;(result as PromiseLike<unknown>).then(undefined, () => {})
  throw new UsageError(`${what} must be synchronous; await before the call and pass the results in`)
}

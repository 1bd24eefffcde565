import { KeelsonError } from '../../core/index.js'
import { boundedJson, boundedText } from '../../core/internal.js'
import type { ObjectId } from '../object/object.js'
import { describeObject } from '../object/object.js'

/** One field that another manager owns, with another value. */
export interface ApplyConflict {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  /** For example `spec.ports[name="web"].port`. */
  readonly path: string
  /** The stored value; undefined when there is none. */
  readonly current: unknown
  /** The applied value; undefined when the field would go. */
  readonly applied: unknown
}

const SHOWN_MAX = 5

/** What is applied would change fields of other managers. `details.conflicts` has the first 100, `conflicts` has all. */
export class ApplyConflictError extends KeelsonError {
  readonly conflicts: readonly ApplyConflict[]
  readonly #of: readonly [object: ObjectId, manager: string]

  constructor(object: ObjectId, manager: string, conflicts: readonly ApplyConflict[]) {
    const shown = conflicts
      .slice(0, SHOWN_MAX)
      .map(
        conflict =>
          `${boundedText(conflict.path)} of ${conflict.manager} is ${show(conflict.current)}, applied is ${show(conflict.applied)}`,
      )
    const more = conflicts.length > SHOWN_MAX ? `; and ${conflicts.length - SHOWN_MAX} more` : ''
    super({
      code: 'ApplyConflict',
      message:
        `${describeObject(object)} has fields that ${manager} does not own: ${shown.join('; ')}${more}; leave these ` +
        'fields out, apply the same values, take them with force, or adopt the other manager',
      details: { ...object, manager, conflicts },
    })
    this.conflicts = conflicts
    this.#of = [object, manager]
  }

  /** The same with `shown` in the place of each value. */
  withoutValues(shown: string): ApplyConflictError {
    const hidden = this.conflicts.map(conflict => ({ ...conflict, current: shown, applied: shown }))
    return new ApplyConflictError(...this.#of, hidden)
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const text = JSON.stringify(boundedJson(value))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

import type { ObjectInput } from '../../store/index.js'
import type { CheckFailedError } from '../simulation/report/check-failed-error.js'

/** A set of specs with which an invariant does not hold. The cause has the execution. */
export class FuzzFailedError extends Error {
  override readonly cause: CheckFailedError
  /** Given to `check` with `edits: schemaEdits`, they fail in the same way. */
  readonly objects: readonly ObjectInput[]
  /** What leads from the given objects to them, one line each. */
  readonly changes: readonly string[]

  constructor(cause: CheckFailedError, objects: readonly ObjectInput[], changes: readonly string[]) {
    const from =
      changes.length === 0
        ? 'with the objects as given'
        : `after\n${changes.map(line => `  ${line}`).join('\n')}`
    super(`${from}:\n${cause.message}`)
    this.name = 'FuzzFailedError'
    this.cause = cause
    this.objects = objects
    this.changes = changes
  }
}

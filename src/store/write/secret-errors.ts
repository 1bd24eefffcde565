import { InvalidError, isKeelsonError } from '../../core/index.js'
import { ApplyConflictError } from '../apply/apply-conflict-error.js'
import { HIDDEN } from '../object/hidden-object.js'

/** The error of a write of a secret kind: which fields are at fault, and not what is in them. */
export function withoutSecrets(error: unknown): unknown {
  if (error instanceof ApplyConflictError) return error.withoutValues(HIDDEN)
  if (!isKeelsonError(error, 'Invalid')) return error
  const problems = error.details.problems.map(({ field, message }) => ({ field, message, value: HIDDEN }))
  return new InvalidError(error.details.subject, problems)
}

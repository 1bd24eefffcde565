import type { FieldProblem } from './errors.js'
import { isKeelsonError } from './errors.js'

/** What `read` refuses, as problems of the field that it reads. */
export function readProblems(field: string, value: unknown, read: () => unknown): readonly FieldProblem[] {
  try {
    read()
    return []
  } catch (error) {
    if (isKeelsonError(error, 'Invalid'))
      return error.details.problems.map(problem => ({ ...problem, field: pathOf(field, problem.field) }))
    if (isKeelsonError(error, 'OutOfRange')) return [{ field, value, message: error.message }]
    throw error
  }
}

function pathOf(at: string, field: string): string {
  return field === '' ? at : `${at}.${field}`
}

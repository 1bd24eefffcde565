import { KeelsonError } from '../../../../core/index.js'

/**
 * What is heard of a store that does not answer. It says nothing of where in the simulation it was made: to find that
 * out takes longer than most steps.
 */
export function noAnswer(message: string): Error {
  const errors = Error as { stackTraceLimit?: number }
  const { stackTraceLimit } = errors
  if (stackTraceLimit !== undefined) errors.stackTraceLimit = 0
  try {
    return new KeelsonError({ code: 'Unavailable', message })
  } finally {
    if (stackTraceLimit !== undefined) errors.stackTraceLimit = stackTraceLimit
  }
}

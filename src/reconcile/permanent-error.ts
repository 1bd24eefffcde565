import { isKeelsonError } from '../core/index.js'

/** True for what was asked for wrongly, such as a watch of an unknown kind: asking again gets the same answer. */
export function isPermanent(error: unknown): boolean {
  return isKeelsonError(error, 'Usage', 'Invalid', 'BadRequest')
}

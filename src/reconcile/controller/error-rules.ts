import type { FieldProblem } from '../../core/index.js'
import type { RateLimiter } from '../limiters/rate-limiter.js'

/** What follows when an attempt fails with an error of some sort. At least one of `code` and `class` names the sort. */
export interface ErrorRule {
  /** The error's `code`, or several: of this package, of Node.js (`ECONNREFUSED`), or your own. */
  readonly code?: string | readonly string[]
  /** The error's class, or one that it extends. */
  readonly class?: abstract new (
    ...given: never[]
  ) => Error
  /**
   * - `retry`: the key backs off, as any failure does.
   * - `terminal`: the key is not tried again before something changes.
   * - `pause`: the whole controller begins no attempt for `pauseMs`; then one key runs alone, and only when that does
   *   not fail in such a way do the others follow. Each such failure in a row doubles the pause, up to 5 minutes or, if
   *   that is longer, to `pauseMs`. For what fails for every key alike, such as a service that is down.
   */
  readonly then: 'retry' | 'terminal' | 'pause'
  /** Delays of `retry`. Default: that of the controller. */
  readonly limiter?: RateLimiter
  /** Of `pause`, in milliseconds: finite, above 0. Default 30,000. */
  readonly pauseMs?: number
}

/** The first rule that `error` fits. */
export function ruleFor(error: Error, rules: readonly ErrorRule[]): ErrorRule | undefined {
  return rules.find(rule => fitsCode(error, rule.code) && fitsClass(error, rule.class))
}

function fitsCode(error: Error, code: ErrorRule['code']): boolean {
  if (code === undefined) return true
  if (!('code' in error) || typeof error.code !== 'string') return false
  return typeof code === 'string' ? error.code === code : code.includes(error.code)
}

function fitsClass(error: Error, wanted: ErrorRule['class']): boolean {
  return wanted === undefined || error instanceof wanted
}

const FOLLOWS: readonly string[] = ['retry', 'terminal', 'pause'] satisfies readonly ErrorRule['then'][]

/** What is wrong with the rules of a controller. */
export function ruleProblems(rules: readonly ErrorRule[]): readonly FieldProblem[] {
  return rules.flatMap((rule, index) => {
    const problem = ruleProblem(rule)
    return problem === undefined ? [] : [{ ...problem, field: `errors[${index}].${problem.field}` }]
  })
}

function ruleProblem(rule: ErrorRule): FieldProblem | undefined {
  const { code, class: wanted, then, limiter, pauseMs } = rule
  if (code === undefined && wanted === undefined)
    return { field: 'code', value: code, message: 'must be a code, or several, unless a class is given' }
  if (wanted !== undefined && typeof wanted !== 'function')
    return { field: 'class', value: wanted, message: 'must be a class of errors' }
  if (!FOLLOWS.includes(then))
    return { field: 'then', value: then, message: `must be one of ${FOLLOWS.join(', ')}` }
  if (limiter !== undefined && then !== 'retry')
    return { field: 'limiter', value: limiter, message: `has no effect with ${then}; leave it out` }
  if (pauseMs === undefined) return undefined
  if (then !== 'pause')
    return { field: 'pauseMs', value: pauseMs, message: `has no effect with ${then}; leave it out` }
  if (Number.isFinite(pauseMs) && pauseMs > 0) return undefined
  return { field: 'pauseMs', value: pauseMs, message: 'must be a finite number of milliseconds above 0' }
}

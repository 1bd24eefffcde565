import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { Kind } from '../../store/index.js'
import type { ControllerOptions } from './controller-options.js'

/** @throws InvalidError when an option is out of bounds */
export function assertControllerOptions(
  options: Pick<
    ControllerOptions<unknown, unknown>,
    'name' | 'hotLoopAfter' | 'concurrency' | 'timeoutMs' | 'resyncMs' | 'quarantineAfter'
  > & { readonly for: Kind; readonly reconcile: unknown },
): void {
  const { name, concurrency = 1, timeoutMs, resyncMs, quarantineAfter = 1, hotLoopAfter = 1 } = options
  const problems: FieldProblem[] = []
  if (name === '') problems.push({ field: 'name', value: name, message: 'must not be empty' })
  if (typeof options.reconcile !== 'function')
    problems.push({ field: 'reconcile', value: options.reconcile, message: 'must be a function' })
  if (typeof options.for?.kind !== 'string')
    problems.push({ field: 'for', value: options.for, message: 'must be a kind, as defineKind gives it' })
  problems.push(
    ...wholeNumber('concurrency', concurrency, { min: 1 }),
    ...wholeNumber('quarantineAfter', quarantineAfter, { min: 1 }),
    ...wholeNumber('hotLoopAfter', hotLoopAfter, { min: 1, orInfinity: true }),
  )
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    problems.push({
      field: 'timeoutMs',
      value: timeoutMs,
      message: 'must be a finite number of milliseconds above 0',
    })
  }
  if (resyncMs !== undefined && !(Number.isFinite(resyncMs) && resyncMs >= 1000)) {
    const message = 'must be a finite number of milliseconds ≥ 1000'
    problems.push({ field: 'resyncMs', value: resyncMs, message })
  }
  if (problems.length > 0) throw new InvalidError(`controller ${name}`, problems)
}

import { InvalidError } from '../../core/index.js'
import type { ControllerOptions } from './controller-options.js'

/** @throws InvalidError when an option is out of bounds */
export function assertControllerOptions(
  options: Pick<
    ControllerOptions<unknown, unknown>,
    'name' | 'hotLoopAfter' | 'concurrency' | 'timeoutMs' | 'resyncMs' | 'quarantineAfter'
  >,
): void {
  const { name, concurrency = 1, timeoutMs, resyncMs, quarantineAfter = 1, hotLoopAfter = 1 } = options
  const problems = []
  if (name === '') problems.push({ field: 'name', value: name, message: 'must not be empty' })
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    problems.push({ field: 'concurrency', value: concurrency, message: 'must be an integer ≥ 1' })
  }
  if (!Number.isSafeInteger(quarantineAfter) || quarantineAfter < 1) {
    problems.push({ field: 'quarantineAfter', value: quarantineAfter, message: 'must be an integer ≥ 1' })
  }
  if (
    !(Number.isSafeInteger(hotLoopAfter) || hotLoopAfter === Number.POSITIVE_INFINITY) ||
    hotLoopAfter < 1
  ) {
    const message = 'must be an integer ≥ 1, or Infinity'
    problems.push({ field: 'hotLoopAfter', value: hotLoopAfter, message })
  }
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

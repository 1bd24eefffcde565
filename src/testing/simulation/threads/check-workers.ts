import { InvalidError, UsageError } from '../../../core/index.js'
import { assertValid, wholeNumber } from '../../../core/internal.js'
import { hostModule } from '../../host/host-modules.js'
import type { SearchMode } from '../setup/search-mode.js'

/** Threads that share the executions of a check. */
export interface CheckWorkers {
  /**
   * The module that each thread imports: a URL, `import.meta.url` where the check itself stands. It must be one that the
   * host can import by itself, without a test runner.
   */
  readonly module: string | URL
  /** The name of an export of it: a function whose first check is this one. */
  readonly exportName: string
  /** What that function is called with: whatever can be cloned. Default nothing. */
  readonly args?: readonly unknown[]
  /** How many threads beside the one that asks, which takes part: at least 1. Default: one for each other processor. */
  readonly count?: number
}

/** What threads are told at their start. */
export interface ThreadData {
  readonly module: string
  readonly exportName: string
  readonly args: readonly unknown[]
}

/** In these, which execution is next does not depend on what came of those before. */
const MODES: readonly SearchMode[] = ['random', 'sieve']

/** @throws InvalidError which names every invalid option */
export function assertWorkers(workers: CheckWorkers | undefined, mode: SearchMode): void {
  if (workers === undefined) return
  const { module, exportName, count = 1 } = workers
  const problems = [...wholeNumber('workers.count', count, { min: 1 })]
  if (!URL.canParse(String(module)))
    problems.push({
      field: 'workers.module',
      value: String(module),
      message: 'must be a URL, such as import.meta.url',
    })
  if (typeof exportName !== 'string' || exportName === '')
    problems.push({
      field: 'workers.exportName',
      value: exportName,
      message: 'must be the name of an export',
    })
  assertValid('check', problems)
  if (MODES.includes(mode)) return
  const message = `must be one of ${MODES.join(', ')} with workers: in other modes an execution follows from those before`
  throw new InvalidError('check', [{ field: 'mode', value: mode, message }])
}

/** @throws UsageError where the host has no threads */
export function workerThreads(): NonNullable<ReturnType<typeof hostModule<'node:worker_threads'>>> {
  const threads = hostModule('node:worker_threads')
  if (threads === undefined)
    throw new UsageError('workers need a host with worker threads, such as Node; leave the option out')
  return threads
}

/** How many threads compute at a time. */
export function processors(): number {
  return hostModule('node:os')?.availableParallelism() ?? 1
}

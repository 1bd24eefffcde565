import type { HostThread } from '../host/host-modules.js'
import { hostModule } from '../host/host-modules.js'
import { ownRoot } from './stack-frames.js'
import type { WatchThreadData } from './watch-thread.js'
import { CELL, STEP_SYMBOL, THREAD, WATCH_THREAD } from './watch-thread.js'

/** What a step does. */
export interface WatchedAction {
  readonly kind: string
  readonly actor: string
  readonly label: string
}

/** Watches the steps of one execution from another thread. */
export interface StepWatch {
  /** A step begins, and the one before it has ended. */
  beat(action: WatchedAction): void
  /** The execution is over. */
  end(): void
}

/**
 * Watches an execution each of whose steps may compute, or sleep, for `timeoutMs`; one that does so for longer ends the
 * process, after its stack was printed on the standard error. Where the host has no threads or no inspector, and where somebody
 * debugs the process already, nothing is watched. One thread serves all executions of a process; it is made when it is
 * needed, keeps no process alive, and ends a while after the last execution.
 */
export function watchSteps(timeoutMs: number): StepWatch {
  return presentThread()?.open(timeoutMs) ?? { beat: () => {}, end: () => {} }
}

let shared: Thread | undefined

function presentThread(): Thread | undefined {
  if (hostModule('node:inspector')?.url() !== undefined) return undefined
  if (shared === undefined || shared.isGone()) shared = startThread()
  return shared
}

function startThread(): Thread | undefined {
  const threads = hostModule('node:worker_threads')
  if (threads === undefined || hostModule('node:inspector') === undefined) return undefined
  const cells = new Int32Array(new SharedArrayBuffer(4 * Object.keys(CELL).length))
  cells[CELL.thread] = THREAD.watching
  const root = ownRoot()
  const workerData: WatchThreadData = {
    cells: cells.buffer as SharedArrayBuffer,
    threadId: threads.isMainThread ? 0 : threads.threadId,
    statFile: ownStatFile(),
    passOver:
      root === undefined ? [] : ['core', 'store', 'reconcile', 'testing'].map(room => `${root}${room}`),
  }
  try {
    const options = { eval: true, workerData, execArgv: [], name: 'keelson step watch' }
    return new Thread(new threads.Worker(WATCH_THREAD, options), cells)
  } catch {
    // Threads may be forbidden. An execution is run all the same.
    return undefined
  }
}

/** Where Linux tells what this thread does. */
function ownStatFile(): string | undefined {
  try {
    const link = hostModule('node:fs')?.readlinkSync('/proc/thread-self')
    return link === undefined ? undefined : `/proc/${link}/stat`
  } catch {
    return undefined
  }
}

/** Read from the other thread while this one loops. */
const present = {
  action: undefined as WatchedAction | undefined,
  toString: (): string => {
    const { action } = present
    return action === undefined ? 'the first step' : `${action.actor} ${textOf(action)}`
  },
}

function textOf({ kind, label }: WatchedAction): string {
  return kind === 'reconcile' || kind === 'call' ? `${kind} ${label}` : label
}

class Thread {
  readonly #cells: Int32Array

  constructor(host: HostThread, cells: Int32Array) {
    this.#cells = cells
    host.unref()
    host.on('error', () => Atomics.store(cells, CELL.thread, THREAD.gone))
    Object.assign(globalThis, { [Symbol.for(STEP_SYMBOL)]: present })
  }

  /** True when it has ended itself; then another one takes its place. */
  isGone(): boolean {
    return Atomics.compareExchange(this.#cells, CELL.thread, THREAD.gone, THREAD.replaced) !== THREAD.watching
  }

  open(timeoutMs: number): StepWatch {
    const cells = this.#cells
    Atomics.add(cells, CELL.beat, 1)
    Atomics.add(cells, CELL.active, 1)
    return {
      beat: action => {
        present.action = action
        cells[CELL.timeoutMs] = timeoutMs
        Atomics.add(cells, CELL.beat, 1)
      },
      end: () => {
        Atomics.add(cells, CELL.beat, 1)
        Atomics.sub(cells, CELL.active, 1)
      },
    }
  }
}

import { rearmTurns } from '../host.js'
import type { ActionKind } from '../simulation/actions/action.js'
import { type HostThread, hostModule } from './host-modules.js'
import { entryOf, ownRoot, parseStack } from './stack-frames.js'
import { CELL, type StepReport, THREAD, WATCH_THREAD, type WatchThreadData } from './watch-thread.js'

/** What a step does. */
export interface WatchedAction {
  readonly kind: ActionKind
  readonly actor: string
  readonly label: string
}

/** A step that had to be ended. */
export interface HungStep {
  readonly action: WatchedAction
  /** Where it was, for example `rooms.ts:14:9`; undefined when its stack does not say. */
  readonly place: string | undefined
}

/** Watches the steps of one execution from another thread. */
export interface StepWatch {
  /** A step begins, and the one before it has ended. */
  beat(action: WatchedAction): void
  /** True once its step was ended; `hung` says so a little later. */
  readonly isEnded: boolean
  /** Settles when a step takes too long: it is ended then, and nothing after it will run. */
  readonly hung: Promise<HungStep>
  /** The execution is over. */
  end(): void
}

/**
 * Watches an execution whose steps may take `timeoutMs` of real time each. Where the host has no threads or no inspector, and where
 * somebody debugs the process already, nothing is watched. One thread serves all executions of a process; it is made when
 * it is needed, keeps no process alive, and ends a while after the last execution.
 */
export function watchSteps(timeoutMs: number): StepWatch {
  const thread = presentThread()
  return thread === undefined ? unwatched() : new Watch(thread, timeoutMs)
}

const unwatched = (): StepWatch => ({
  beat: () => {},
  isEnded: false,
  hung: new Promise(() => {}),
  end: () => {},
})

class Watch implements StepWatch {
  readonly hung: Promise<HungStep>
  readonly timeoutMs: number
  /** Of its present step. */
  lastBeat: number
  private readonly thread: Thread
  private action: WatchedAction = { kind: 'start', actor: 'host', label: 'the first step' }
  private settle: (step: HungStep) => void = () => {}

  constructor(thread: Thread, timeoutMs: number) {
    this.thread = thread
    this.timeoutMs = timeoutMs
    this.hung = new Promise(resolve => {
      this.settle = resolve
    })
    this.lastBeat = thread.open(this)
  }

  beat(action: WatchedAction): void {
    this.action = action
    this.lastBeat = this.thread.beat(this)
  }

  get isEnded(): boolean {
    return this.thread.endedBeat() === this.lastBeat
  }

  stopped(stack: string): void {
    const frames = parseStack(stack)
    this.settle({ action: this.action, place: entryOf(frames)?.place })
  }

  end(): void {
    this.thread.close(this)
  }
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

class Thread {
  private readonly host: HostThread
  private readonly cells: Int32Array
  private readonly watches: Set<Watch> = new Set()

  constructor(host: HostThread, cells: Int32Array) {
    this.host = host
    this.cells = cells
    host.unref()
    host.on('message', report => this.heard(report as StepReport))
    host.on('error', () => Atomics.store(cells, CELL.thread, THREAD.gone))
  }

  /** True when it has ended itself; then another one takes its place. */
  isGone(): boolean {
    return Atomics.compareExchange(this.cells, CELL.thread, THREAD.gone, THREAD.replaced) !== THREAD.watching
  }

  open(watch: Watch): number {
    this.watches.add(watch)
    // A step that is ended leaves nothing else that would keep the process alive until the report is read.
    if (Atomics.add(this.cells, CELL.active, 1) === 0) this.host.ref()
    return this.beat(watch)
  }

  beat({ timeoutMs }: Watch): number {
    this.cells[CELL.timeoutMs] = timeoutMs
    return Atomics.add(this.cells, CELL.beat, 1) + 1
  }

  endedBeat(): number {
    return Atomics.load(this.cells, CELL.ended)
  }

  close(watch: Watch): void {
    this.watches.delete(watch)
    Atomics.add(this.cells, CELL.beat, 1)
    if (Atomics.sub(this.cells, CELL.active, 1) === 1) this.host.unref()
  }

  private heard({ beat, stack }: StepReport): void {
    rearmTurns()
    for (const watch of this.watches) if (watch.lastBeat === beat) watch.stopped(stack)
  }
}

import {
  createEnvTree,
  createSeededRandom,
  type Env,
  type Random,
  systemEnv,
  UsageError,
} from '../../../core/index.js'
import { type Controller, createManager, type Manager, type Runnable } from '../../../reconcile/index.js'
import { createStore, type Kind, type Store, type StoredObject } from '../../../store/index.js'
import { captureLogs, type LogCapture } from '../../captured-logs.js'
import { createSequentialIds } from '../../sequential-ids.js'
import { createVirtualClock, type VirtualClock } from '../../virtual-clock.js'
import { createStepPool, type StepPool } from './step-pool.js'

/** What the code under test is given when its process starts. */
export interface ProcessSite {
  /**
   * The world outside the store: disks, accounts, machines, by name. Empty at the start of an execution; it outlives
   * the process, and what it holds at the end is compared like the objects. Values are plain JSON.
   */
  readonly outside: Map<string, unknown>
}

/**
 * Makes what is under test. Called at each start of the simulated process, so everything that is to be forgotten in
 * a crash is made inside.
 */
export type MakeParts = (site: ProcessSite) => Controller | Runnable | readonly (Controller | Runnable)[]

/** A running instance of the code under test. */
export interface SimulatedProcess {
  readonly name: string
  readonly env: Env
  readonly controllers: readonly Controller[]
  readonly manager: Manager
}

/** What a world is made from. */
export interface WorldOptions {
  readonly make: MakeParts
  readonly kinds: readonly Kind[]
  readonly seed: number
}

const START_MS = Date.UTC(2026, 0, 1)
const LOG_LINES_MAX = 50

/** A store, time, and at most one process at a time, in which nothing happens by itself. */
export class World {
  readonly clock: VirtualClock = createVirtualClock(START_MS)
  readonly pool: StepPool = createStepPool()
  readonly outside: Map<string, unknown> = new Map()
  readonly logs: LogCapture
  readonly store: Store
  /** Undefined between a crash and the next start. */
  process: SimulatedProcess | undefined
  /** Why the process could not be made or started. */
  startError: unknown
  starts = 0
  private readonly options: WorldOptions
  private readonly random: Random
  private seenRevision = -1
  private seen: readonly StoredObject[] = []

  constructor(options: WorldOptions) {
    this.options = options
    this.random = createSeededRandom(options.seed)
    this.logs = captureLogs(() => this.clock.nowMs(), LOG_LINES_MAX)
    this.store = createStore({ kinds: options.kinds, env: this.envOf('store') })
  }

  /** Every object of every kind. */
  objects(): readonly StoredObject[] {
    const { store } = this
    if (store.revision === this.seenRevision) return this.seen
    this.seenRevision = store.revision
    this.seen = this.options.kinds.flatMap(kind => store.list(kind).items)
    return this.seen
  }

  kindOf({ kind, apiVersion }: StoredObject): Kind {
    return this.kindNamed(kind, apiVersion)
  }

  /** @throws UsageError when there is none, or several of several api versions */
  kindNamed(name: string, apiVersion?: string): Kind {
    const found = this.options.kinds.filter(
      kind => kind.kind === name && (apiVersion === undefined || kind.apiVersion === apiVersion),
    )
    if (found.length === 1) return found[0] as Kind
    throw new UsageError(`${found.length} of the kinds are called ${name}; give one, or say which apiVersion`)
  }

  /** Starts the code under test with an empty memory. */
  start(): void {
    this.starts++
    const name = `app-${this.starts}`
    const env = this.envOf(name)
    const made = this.options.make({ outside: this.outside })
    const parts = isList(made) ? made : [made]
    const manager = createManager({ client: this.store.client(env) })
    for (const part of parts) manager.add(part)
    this.process = { name, env, manager, controllers: parts.filter(part => 'isSettled' in part) }
    manager.start().catch((error: unknown) => {
      if (!env.closed) this.startError = error
    })
  }

  /** The process is gone; what it had under way never happens. */
  crash(): void {
    this.process?.env.close()
    this.process = undefined
  }

  private envOf(process: string): Env {
    const ids = process === 'store' ? uids() : createSequentialIds()
    const streams = createSequentialIds()
    return createEnvTree(process, (name, lifetime) => ({
      clock: this.clock.portFor(process),
      tasks: this.pool.portFor(process, lifetime),
      random: this.random.fork(`${process} ${streams.next(name)}`),
      logger: this.logs.logger,
      ids,
      // Nobody reads them here, and they would be most of the work of a start.
      metrics: systemEnv.metrics,
    }))
  }
}

/** Easy to tell from everything else, so that they can be left out of comparisons. */
function uids(): { next(): string } {
  let last = 0
  return { next: () => `uid-${String(++last).padStart(6, '0')}` }
}

function isList<T>(made: T | readonly T[]): made is readonly T[] {
  return Array.isArray(made)
}

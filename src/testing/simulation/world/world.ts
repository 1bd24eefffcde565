import {
  createEnvTree,
  createSeededRandom,
  type Env,
  type Random,
  systemEnv,
  UsageError,
} from '../../../core/index.js'
import { type Client, createStore, type Kind, type Store, type StoredObject } from '../../../store/index.js'
import { captureLogs, type LogCapture } from '../../captured-logs.js'
import { createSequentialIds } from '../../sequential-ids.js'
import { createVirtualClock, type VirtualClock } from '../../virtual-clock.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { Observer } from '../run/observer.js'
import { OpenWatches } from './open-watches.js'
import { controllersOf, type MakeParts, managerOf, type SimulatedProcess } from './simulated-process.js'
import { WatchBreaker } from './watch-breaker.js'
import { createStepPool, type StepPool } from './step-pool.js'

/** What a world is made from. */
export interface WorldOptions {
  readonly make: MakeParts
  readonly kinds: readonly Kind[]
  /** Whether objects whose owners are gone are deleted by the world. */
  readonly collects: boolean
  readonly seed: number
  /** How many processes run the code under test side by side. */
  readonly instances: number
  readonly observer?: Observer
  readonly faults: FaultPlan
}

const START_MS = Date.UTC(2026, 0, 1)
const LOG_LINES_MAX = 50

/** A store, time, and processes, in which nothing happens by itself. */
export class World {
  readonly clock: VirtualClock = createVirtualClock(START_MS)
  readonly pool: StepPool = createStepPool()
  readonly outside: Map<string, unknown> = new Map()
  readonly logs: LogCapture
  readonly store: Store
  readonly collects: boolean
  /** Those that run, oldest first. */
  processes: readonly SimulatedProcess[] = []
  /** Names of processes whose stop is over. */
  readonly stopped: Set<string> = new Set()
  /** Of processes that start while `countsWatches` is set: the watches that they have open. */
  readonly watches: Map<string, OpenWatches> = new Map()
  countsWatches = false
  /** By process; none where no watch may break. */
  readonly breakers: Map<string, WatchBreaker> = new Map()
  /** What a process gets in place of its client. */
  clientFor: (client: Client, process: string) => Client = client => client
  /** Why a process could not be made or started. */
  startError: unknown
  private starts = 0
  private readonly options: WorldOptions
  private readonly random: Random
  private seenRevision = -1
  private seen: readonly StoredObject[] = []

  constructor(options: WorldOptions) {
    this.options = options
    this.collects = options.collects
    this.random = createSeededRandom(options.seed)
    this.logs = captureLogs(() => this.clock.nowMs(), LOG_LINES_MAX)
    this.store = createStore({ kinds: options.kinds, env: this.envOf('store') })
  }

  /** True while fewer processes run than should. */
  get lacksProcess(): boolean {
    return this.processes.length < this.options.instances
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

  /** Keys that commits under way are about. */
  keysUnderWay(): ReadonlySet<string> {
    const keys = new Set<string>()
    for (const { about } of this.pool.waiting())
      if (about.kind === 'commit') for (const key of about.writes ?? []) keys.add(key)
    return keys
  }

  /** Starts a process with an empty memory. */
  start(): void {
    const name = `app-${++this.starts}`
    const env = this.envOf(name)
    const own = this.breakable(this.store.client(env), name)
    const seen = this.clientFor(this.options.observer?.listen(own, name) ?? own, name)
    const client = this.countsWatches ? this.counted(seen, name) : seen
    const memory = new Map<string, unknown>()
    const made = this.options.make({ name, client, outside: this.outside, memory })
    const manager = managerOf(made, client)
    this.processes = [...this.processes, { name, env, manager, controllers: controllersOf(made), memory }]
    manager.start().catch((error: unknown) => {
      if (!env.closed) this.startError = error
    })
  }

  /** The process is gone; what it had under way never happens. */
  crash(process: SimulatedProcess): void {
    process.env.close()
    this.processes = this.processes.filter(other => other !== process)
  }

  /** Asks the process to stop; it has when its name is among those in `stopped`. */
  stop({ name, manager }: SimulatedProcess): void {
    const end = (): void => {
      this.stopped.add(name)
    }
    manager.stop().then(end, end)
  }

  crashAll(): void {
    for (const process of this.processes) this.crash(process)
  }

  private breakable(client: Client, process: string): Client {
    const { disconnect, expire } = this.options.faults
    if (disconnect.times + expire.times === 0) return client
    const breaker = new WatchBreaker()
    this.breakers.set(process, breaker)
    return breaker.seenThrough(client)
  }

  private counted(client: Client, process: string): Client {
    const watches = new OpenWatches()
    this.watches.set(process, watches)
    return watches.seenThrough(client)
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

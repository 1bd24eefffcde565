import { UsageError } from '../../../core/index.js'
import type { Client, Kind, Store, StoredObject } from '../../../store/index.js'
import type { LogCapture } from '../../virtual/captured-logs.js'
import type { VirtualClock } from '../../virtual/virtual-clock.js'
import { OpenWatches } from '../clients/open-watches.js'
import { behindAt } from '../clients/stale-client.js'
import { WatchBreaker } from '../clients/watch-breaker.js'
import { isElectionRecord, outlastingMs } from '../objects/election-objects.js'
import { Inventory } from '../objects/inventory.js'
import { Collector } from './collector.js'
import type { MakeParts, SimulatedProcess } from './simulated-process.js'
import { controllersOf, managerOf } from './simulated-process.js'
import type { PooledStep, StepPool } from './step-pool.js'
import type { WorldGround } from './world-ground.js'

/** What a world is made from. */
export interface WorldOptions {
  readonly make: MakeParts
  readonly kinds: readonly Kind[]
  /** Whether objects whose owners are gone are deleted by the world. */
  readonly collects: boolean
  /** How many processes run the code under test side by side. Undefined: two if they elect a leader, or else one. */
  readonly instances: number | undefined
  /** Whether watches may break. */
  readonly breaksWatches: boolean
}

/** So many deletions are of interest to a process that starts behind. */
const DELETIONS_MAX = 2
const NO_KEYS: ReadonlySet<string> = new Set()

/** A store, time, and processes, in which nothing happens by itself. */
export class World {
  readonly ground: WorldGround
  readonly clock: VirtualClock
  readonly pool: StepPool
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
  /** The last objects of which somebody asked for the deletion while a finalizer held them, oldest first. */
  deletionsBegun: readonly { readonly at: number; readonly name: string }[] = []
  /** Why a process could not be made or started. */
  startError: unknown
  /** True when one process is enough of those that elect a leader. */
  isWindingUp = false
  /** True when the managers that were made elect a leader. */
  #elects = false
  #starts = 0
  readonly #options: WorldOptions
  readonly inventory: Inventory
  readonly collector: Collector
  /** Objects that say who leads. */
  readonly electionRecords: () => readonly StoredObject[]
  /** A time by which others have taken what a silent holder had. */
  readonly outlastingMs: () => number

  constructor(ground: WorldGround, store: Store, options: WorldOptions) {
    const { clock, pool, logs } = ground
    this.ground = ground
    this.clock = clock
    this.pool = pool
    this.logs = logs
    this.#options = options
    this.collects = options.collects
    this.store = store
    this.inventory = new Inventory(store, options.kinds)
    this.collector = new Collector({
      store,
      inventory: this.inventory,
      kindOf: object => this.kindOf(object),
    })
    this.electionRecords = sinceLastWrite(store, () => this.objects().filter(isElectionRecord))
    this.outlastingMs = sinceLastWrite(store, () => outlastingMs(this.objects()))
  }

  /** True while fewer processes run than should. */
  get lacksProcess(): boolean {
    let running = 0
    for (const { isReplaced } of this.processes) if (!isReplaced) running++
    return running < this.instances
  }

  /** How many processes should run side by side. */
  get instances(): number {
    if (this.#elects && this.isWindingUp) return 1
    return this.#options.instances ?? (this.#elects ? 2 : 1)
  }

  /** Processes that are not known to elect a leader may wait for each other in ways of their own. */
  get strangers(): number {
    return this.#elects ? 1 : this.instances
  }

  /** True while an elected leader is missing. */
  get isLeaderless(): boolean {
    if (!this.#elects) return false
    const elections = this.processes.flatMap(process =>
      process.isStopping ? [] : (process.manager.status().election ?? []),
    )
    return elections.length > 0 && !elections.some(({ leading }) => leading)
  }

  get timerMark(): number {
    return this.clock.nextMark
  }

  /** True when a timer is armed that is more than a renewal of leadership. */
  get hasForeground(): boolean {
    return this.clock.hasForeground
  }

  /** True when a timer is armed that was armed before `mark`, or a leader is missing. */
  awaits(mark: number): boolean {
    return this.clock.isAnyOlder(mark) || this.isLeaderless
  }

  /** Every object of every kind. */
  objects(): readonly StoredObject[] {
    return this.inventory.objects
  }

  kindOf({ kind, apiVersion }: StoredObject): Kind {
    return this.kindNamed(kind, apiVersion)
  }

  /** @throws UsageError when it is unknown, or ambiguous between api versions */
  kindNamed(name: string, apiVersion?: string): Kind {
    const found = this.#options.kinds.filter(
      kind => kind.kind === name && (apiVersion === undefined || kind.apiVersion === apiVersion),
    )
    if (found.length === 1) return found[0] as Kind
    const kinds = this.#options.kinds.map(kind => `${kind.apiVersion}/${kind.kind}`).join(', ')
    throw new UsageError(
      found.length === 0
        ? `no kind is called ${name}; kinds has ${kinds}`
        : `${found.length} kinds are called ${name}: ${kinds}; say apiVersion with the object`,
    )
  }

  /** Tells of the deletion of an object, which is at this revision. */
  noteDeletion(name: string): void {
    const at = this.store.revision
    this.deletionsBegun = [...this.deletionsBegun, { at, name }].slice(-DELETIONS_MAX)
  }

  /** Keys that commits under way are about. */
  keysUnderWay(): ReadonlySet<string> {
    const commits = this.pool.waitingTo('commit')
    return commits.length === 0 ? NO_KEYS : new Set(commits.flatMap(({ about }) => [...(about.writes ?? [])]))
  }

  /** True once a process was started. */
  get hasStarted(): boolean {
    return this.#starts > 0
  }

  /**
   * Starts a process with an empty memory.
   *
   * @param behind the revision that its watches begin at, if not the newest
   */
  start(behind?: number): void {
    const name = `app-${++this.#starts}`
    const env = this.ground.envOf(name)
    const direct = this.store.client(env)
    const own = this.#breakable(behind === undefined ? direct : behindAt(direct, behind), name)
    const seen = this.clientFor(own, name)
    const client = this.countsWatches ? this.#counted(seen, name) : seen
    const memory = new Map<string, unknown>()
    const made = this.#options.make({ name, client, outside: this.outside, memory })
    const manager = managerOf(made, client)
    const controllers = controllersOf(made)
    const process: SimulatedProcess = {
      name,
      env,
      manager,
      controllers,
      memory,
      isReplaced: false,
      isStopping: false,
    }
    this.processes = [...this.processes, process]
    manager.start().catch((error: unknown) => {
      if (!env.closed && !process.isStopping) this.startError = error
    })
    this.#elects ||= manager.status().election !== undefined
  }

  /** The process is gone; what it had under way never happens. */
  crash(process: SimulatedProcess): void {
    process.env.close()
    this.processes = this.processes.filter(other => other !== process)
  }

  /** Asks the process to stop; it has when its name is among those in `stopped`. */
  stop(process: SimulatedProcess, then: () => void = () => {}): void {
    process.isStopping = true
    const end = (): void => {
      this.stopped.add(process.name)
      then()
    }
    process.manager.stop().then(end, end)
  }

  /** The event loop of the process stands still, while time passes and the others run. */
  stall(process: SimulatedProcess, ms: number): void {
    process.stalledUntilMs = this.clock.elapsedMs + ms
    this.clock.hold(process.name)
  }

  /** True while the event loop of a process stands still. */
  get isStalling(): boolean {
    return this.processes.some(({ stalledUntilMs }) => stalledUntilMs !== undefined)
  }

  /** When the first stall is over, in elapsed milliseconds. */
  get resumesAtMs(): number | undefined {
    if (!this.isStalling) return undefined
    return Math.min(...this.processes.flatMap(({ stalledUntilMs }) => stalledUntilMs ?? []))
  }

  resume(process: SimulatedProcess): void {
    process.stalledUntilMs = undefined
    this.clock.release(process.name)
  }

  /** Asks the process to end, as a signal does; it is gone when it has stopped. */
  shutDown(process: SimulatedProcess): void {
    this.stop(process, () => this.crash(process))
  }

  /** Starts another process in the place of one that still runs. */
  replace(process: SimulatedProcess): void {
    process.isReplaced = true
    this.start()
  }

  isStalled(process: string): boolean {
    return this.processes.some(({ name, stalledUntilMs }) => name === process && stalledUntilMs !== undefined)
  }

  /** Steps that can run: not those of processes whose event loop stands still. */
  steps(): readonly PooledStep[] {
    const waiting = this.pool.waiting()
    if (!this.isStalling) return waiting
    return waiting.filter(({ process }) => !this.isStalled(process))
  }

  crashAll(): void {
    for (const process of this.processes) this.crash(process)
  }

  #breakable(client: Client, process: string): Client {
    if (!this.#options.breaksWatches) return client
    const breaker = new WatchBreaker()
    this.breakers.set(process, breaker)
    return breaker.seenThrough(client)
  }

  #counted(client: Client, process: string): Client {
    const watches = new OpenWatches()
    this.watches.set(process, watches)
    return watches.seenThrough(client)
  }
}

/** What follows from the objects of a store, worked out again only after a write: most steps write nothing. */
function sinceLastWrite<T>(store: Pick<Store, 'revision'>, workOut: () => T): () => T {
  let seenRevision = -1
  let known: T
  return () => {
    const { revision } = store
    if (revision !== seenRevision) {
      seenRevision = revision
      known = workOut()
    }
    return known
  }
}

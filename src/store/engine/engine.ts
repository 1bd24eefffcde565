import type { Env, Random } from '../../core/index.js'
import { ClosedError, formatTime, UsageError } from '../../core/index.js'
import type { StoreAdmissionHook } from '../kind/admission.js'
import type { Kind } from '../kind/kind.js'
import type { WriteCause } from '../object/write-cause.js'
import { BackPressure } from './back-pressure.js'
import type { CommitJournal } from './commit-journal.js'
import { Compactor } from './compactor.js'
import { History } from './history.js'
import type { KindTable } from './kind-table.js'
import type { KindTables } from './kind-tables.js'
import { kindTables } from './kind-tables.js'
import type { Mutation } from './mutation.js'
import type { TableEntry } from './namespace-table.js'
import type { Growth, Quota } from './quotas.js'
import { Quotas } from './quotas.js'
import { Retention } from './retention.js'
import { RevisionAlarms } from './revision-alarms.js'
import type { LogRecord } from './revision-log.js'
import { CommittedChange, RevisionLog } from './revision-log.js'
import type { CommitMeter } from './store-metrics.js'
import { commitMeter } from './store-metrics.js'
import { assertUnique } from './unique.js'
import { Version } from './version.js'

/** Who keeps something beside the objects. */
export interface EngineListener {
  /** Inside a commit: the object of this key was removed, or another one has taken its name. */
  lifeEnded(entry: TableEntry): void
  closed(): void
}

/** Under what mutations are committed. */
interface Commit {
  readonly revision: number
  readonly cause: WriteCause | undefined
  readonly growths: readonly Growth[] | undefined
}

/** What an engine is made from. */
export interface EngineOptions {
  readonly kinds: readonly Kind[]
  readonly env: Env
  readonly logCapacity: number
  /** Default: any age. */
  readonly logAgeMaxMs?: number
  /** Default: any size. */
  readonly logBytesMax?: number
  readonly admission?: readonly StoreAdmissionHook[]
  /** The revision at which the store begins. Default 0. */
  readonly start?: number
  /** Default: any size. */
  readonly objectBytesMax?: number
  /** Default none. */
  readonly quotas?: readonly Quota[]
  /** Default: one of the env, as `newIncarnation` makes it. */
  readonly incarnation?: string
}

/**
 * The mutable heart of the memory store. It knows states, revisions and who must hear of them; what a write
 * means is decided before it gets here.
 */
export class Engine {
  readonly options: EngineOptions
  readonly env: Env
  readonly log: RevisionLog
  readonly history: History
  readonly compactor: Compactor
  readonly tables: KindTables
  readonly pressure: BackPressure = new BackPressure()
  readonly alarms: RevisionAlarms = new RevisionAlarms()
  /** Undefined for a store that keeps nothing, and while a journal is read back. */
  journal: CommitJournal | undefined = undefined
  /** Names this history; what was told by another one means nothing here. */
  readonly incarnation: string
  readonly objectBytesMax: number
  /** Undefined when there are none. */
  readonly quotas: Quotas | undefined
  /** For generated names. */
  readonly names: Random
  /** For the pauses between attempts to commit. */
  readonly retries: Random
  readonly #meter: CommitMeter | undefined
  /** Undefined when only the number of revisions is limited. */
  readonly #retention: Retention | undefined
  readonly #listeners: EngineListener[] = []
  #forks = 0
  #writing = false
  #closed = false
  #failure: Error | undefined = undefined
  #timeMs = Number.NaN
  #time = ''
  #second = Number.NaN
  #secondText = ''

  constructor(options: EngineOptions) {
    const { kinds, env, logCapacity, admission = [], quotas = [], start = 0 } = options
    this.options = options
    this.env = env
    this.objectBytesMax = options.objectBytesMax ?? Number.POSITIVE_INFINITY
    this.log = new RevisionLog(logCapacity, start)
    this.history = new History(logCapacity, start, () => env.clock.monotonic())
    this.compactor = new Compactor({ env, log: this.log, history: this.history })
    this.tables = kindTables(kinds, admission)
    this.quotas = quotas.length === 0 ? undefined : new Quotas(quotas, this.tables)
    this.#meter = commitMeter(env.metrics)
    this.#retention = retentionOf(this)
    this.incarnation = options.incarnation ?? newIncarnation(env)
    this.names = env.random.fork('store.names')
    this.retries = env.random.fork('store.retries')
  }

  get revision(): number {
    return this.log.head
  }

  /** Listeners stay for good. */
  listen(listener: EngineListener): void {
    this.#listeners.push(listener)
  }

  /** Names a history that continues this one; after its parent, since the env may make the same ids again. */
  forkIncarnation(): string {
    this.#forks++
    return `${this.incarnation}/${this.#forks}`
  }

  /** The time as metadata holds it. Writes of one millisecond share the text. */
  timeText(): string {
    const ms = this.env.clock.now()
    if (ms !== this.#timeMs) {
      this.#timeMs = ms
      this.#time = this.#textOf(ms)
    }
    return this.#time
  }

  /** Within a second, only the last digits differ. */
  #textOf(ms: number): string {
    const whole = Math.floor(ms)
    const second = Math.floor(whole / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#secondText = formatTime(second * 1_000).slice(0, -4)
    }
    return `${this.#secondText}${String(1_000 + whole - second * 1_000).slice(1)}Z`
  }

  /** @throws ClosedError after `close()`, UsageError for a kind that the store was not made with */
  table(kind: Kind): KindTable {
    this.assertOpen()
    return this.tables.of(kind)
  }

  assertOpen(): void {
    if (this.#closed) throw this.#failure ?? new ClosedError('the store')
  }

  /**
   * Runs one write, user code included, with no other write in between.
   *
   * @throws UsageError when it is called from within another write
   */
  exclusive<T>(write: () => T): T {
    this.begin()
    try {
      return write()
    } finally {
      this.end()
    }
  }

  /** Begins what `exclusive` runs, for those who spare the call; `end` ends it, whatever happens. */
  begin(): void {
    this.assertOpen()
    if (this.#writing) throw nestedWrite()
    this.#writing = true
  }

  end(): void {
    this.#writing = false
  }

  /**
   * Makes all mutations true under one new revision, at most one per key.
   *
   * @throws ClosedError, also where the write itself has closed the store, and what `assertFits` throws; before
   * anything has changed. Nothing else in it can fail
   */
  commit(mutations: readonly Mutation[], cause?: WriteCause): void {
    this.assertOpen()
    assertUnique(mutations)
    this.#push(mutations, { revision: this.log.head + 1, cause, growths: this.quotas?.check(mutations) })
  }

  /** Commits again what was committed before, whatever is unique or limited now. */
  replay(mutations: readonly Mutation[], cause: WriteCause | undefined): void {
    this.follow(this.log.head + 1, mutations, cause)
  }

  /**
   * Takes over a revision that another store has committed, whatever is unique or limited here. Those since the last
   * one have changed nothing of what this engine holds.
   */
  follow(revision: number, mutations: readonly Mutation[], cause?: WriteCause): void {
    this.#push(mutations, { revision, cause, growths: this.quotas?.growthsOf(mutations) })
  }

  /**
   * Takes over what differs after revisions that nobody can tell any more. Watchers end where they are, with
   * `SlowConsumerError`, and reads of older revisions are `Expired`; open snapshots stay readable.
   */
  followOverGap(revision: number, mutations: readonly Mutation[]): void {
    const watching = this.tables.all.flatMap(({ watchers }) => watchers.listeners())
    const ends = [...new Set(watching)].map(listener => ({ listener, at: listener.revision }))
    this.follow(revision, mutations)
    void this.compactor.compact(revision)
    for (const { listener, at } of ends) listener.missed(at)
  }

  #push(mutations: readonly Mutation[], { revision, cause, growths }: Commit): void {
    const before = this.log.head
    const record = recordOf(mutations, revision, cause)
    if (growths !== undefined) this.quotas?.add(growths)
    this.journal?.append(record)
    const evicted = this.log.push(record)
    if (evicted !== undefined) this.#retire(evicted)
    const { changes } = record
    for (const { entry, before, after } of changes)
      if (before !== undefined && before.metadata.uid !== after?.metadata.uid)
        for (const listener of this.#listeners) listener.lifeEnded(entry)
    for (const { entry, version } of changes)
      entry.space.table.watchers.notify(entry, version, revision, this.log.capacity)
    this.alarms.ring(revision, before)
    this.#retention?.committed(record)
    this.#meter?.(record)
  }

  /** One more than came in, so that a log that was held becomes as short as it may be. */
  #retire(evicted: LogRecord): void {
    this.history.retire(evicted, this.log.size)
    const next = this.log.evict()
    if (next !== undefined) this.history.retire(next, this.log.size)
    this.history.cutSome()
  }

  /**
   * What a commit of these mutations is refused for.
   *
   * @throws UniqueViolationError, KeelsonError `QuotaExceeded`
   */
  assertFits(mutations: readonly Mutation[]): void {
    assertUnique(mutations)
    this.quotas?.check(mutations)
  }

  /** What a write resolves with, once what it did is as safe as was promised. */
  acknowledged<T>(result: T): T | Promise<T> {
    const safe = this.journal?.acknowledged()
    return safe === undefined ? result : safe.then(() => result)
  }

  /** What a write is refused with, once what it was refused for is as safe: it is known to others then. */
  refused(error: unknown): Promise<never> {
    const safe = this.journal?.acknowledged()
    return safe === undefined ? Promise.reject(error) : safe.then(() => Promise.reject(error))
  }

  /** @param failure what every later call throws, and what watches end with; default: it was closed on purpose */
  close(failure?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#failure = failure
    this.#retention?.stop()
    for (const listener of this.#listeners) listener.closed()
    for (const { watchers, durableWatchers } of this.tables.all)
      for (const registry of [watchers, durableWatchers]) registry.endAll(failure)
  }
}

function retentionOf({ options, env, log, compactor }: Engine): Retention | undefined {
  const { logAgeMaxMs: ageMaxMs, logBytesMax: bytesMax } = options
  if (ageMaxMs === undefined && bytesMax === undefined) return undefined
  const { POSITIVE_INFINITY } = Number
  const limits = { ageMaxMs: ageMaxMs ?? POSITIVE_INFINITY, bytesMax: bytesMax ?? POSITIVE_INFINITY }
  return new Retention({ env, log, compactor }, limits)
}

/** A write inside another one would be lost, or be there although that one is refused. */
export function nestedWrite(): UsageError {
  return new UsageError(
    'a write was started inside another one; a transaction body writes through its tx only, and a recipe, ' +
      'an index function, a schema or an admission hook writes nothing',
  )
}

/**
 * Stores of one env differ by its ids. Ids may simply be counted, so the seed of the env is in it too: envs with different
 * seeds make different store ids. A random stream of its own leaves the draws of others as they are.
 */
function newIncarnation(env: Env): string {
  const id = env.ids.next('store')
  return `${id}-${Math.floor(env.random.fork(`store.incarnation ${id}`).next() * 2 ** 48).toString(36)}`
}

/** Makes the mutations true. */
function recordOf(
  mutations: readonly Mutation[],
  revision: number,
  cause: WriteCause | undefined,
): LogRecord {
  const [first] = mutations
  if (first !== undefined && mutations.length === 1) return apply(first, revision, cause)
  const changes = mutations.map(mutation => apply(mutation, revision, cause))
  const isOneTable = mutations.every(({ table }) => table === first?.table)
  return { revision, changes, table: isOneTable ? first?.table : undefined, cause, whole: undefined }
}

function apply(mutation: Mutation, revision: number, cause: WriteCause | undefined): CommittedChange {
  const { table, namespace, name, after, terms } = mutation
  const entry = table.open(namespace, name)
  const previous = entry.head
  const before = previous?.object
  const version = new Version(revision, after, terms, previous)
  entry.advance(version)
  table.post(entry, previous, version)
  if (before === undefined) entry.space.order.insert(entry)
  if (after === undefined) {
    entry.space.order.remove(name)
    entry.space.bury(entry, version)
  }
  return new CommittedChange(entry, before, version, cause)
}

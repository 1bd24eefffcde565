import type { HeapHandle } from '../../core/internal.js'
import { LinkedList } from '../../core/internal.js'
import type { KeyHistory } from '../limiters/rate-limiter.js'
import { noFailures } from '../limiters/rate-limiter.js'

/**
 * How many reasons a record remembers; the oldest goes first.
 *
 * @internal
 */
export const REASONS_MAX = 4

const noReasons: readonly string[] = []

/**
 * Everything known about one key. The record is its own entry in the list of a priority level
 * (`before`, `after`) and among the delays (`at`, `sequence`, `slot`), so no other structure is indexed by the key.
 */
export class KeyRecord<K> implements HeapHandle {
  readonly key: K
  slot = -1
  // Undefined and not 0: a field that held nothing but numbers has a box of its own for each time, while those that were
  // added together can share the one that the clock gave.
  /** Monotonic time at which it became ready, or wanted again while held: work that no run has begun to serve. */
  wantedAtMs: number | undefined = undefined
  /** Monotonic time at which a worker took it; undefined while none holds it. */
  takenAtMs: number | undefined = undefined
  /** The highest asked for since the key became wanted. */
  priority = 0
  history: KeyHistory = noFailures
  /** Why work is wanted: the last few distinct reasons, oldest first. */
  reasons: readonly string[] = noReasons
  /** The level in which a ready key stands. */
  level: PriorityLevel<K> | undefined = undefined
  before: KeyRecord<K> | undefined = undefined
  after: KeyRecord<K> | undefined = undefined
  // What a key needs that waits for a time stands last: most do not, and are in fewer lines of a processor's cache.
  /** Monotonic time at which a delayed key is due. */
  at = 0
  sequence = 0
  /** To be called when the delay is not waited out. */
  refund: (() => void) | undefined = undefined

  constructor(key: K) {
    this.key = key
  }

  /** Empty when the queue is not divided into classes. */
  get fairClass(): string {
    return ''
  }

  /** Ready or held. */
  get dirty(): boolean {
    return this.wantedAtMs !== undefined
  }

  /** A worker holds the key. */
  get processing(): boolean {
    return this.takenAtMs !== undefined
  }

  get isDelayed(): boolean {
    return this.slot !== -1
  }

  /** Ready, held or delayed. */
  get isWanted(): boolean {
    return this.wantedAtMs !== undefined || this.slot !== -1
  }

  /** True when nothing would be lost with the record. */
  get isIdle(): boolean {
    return (
      this.wantedAtMs === undefined &&
      this.takenAtMs === undefined &&
      this.slot === -1 &&
      this.history === noFailures
    )
  }

  get state(): 'held' | 'processing' | 'ready' | 'delayed' | 'resting' {
    if (this.processing) return this.dirty ? 'held' : 'processing'
    if (this.dirty) return 'ready'
    return this.isDelayed ? 'delayed' : 'resting'
  }

  /**
   * Remembers a reason once; the newest are kept.
   *
   * @param alone a list of nothing else, which may be that of other records too
   */
  remember(reason: string, alone: readonly string[]): void {
    if (this.reasons === noReasons) this.reasons = alone
    else if (!this.reasons.includes(reason)) this.reasons = [...this.reasons.slice(1 - REASONS_MAX), reason]
  }

  /** Of a ready key. */
  get readyAtMs(): number {
    return this.wantedAtMs as number
  }

  /** The one of two that became ready first; of two at one time, this. */
  earlier(other: KeyRecord<K> | undefined): KeyRecord<K> {
    return other !== undefined && other.readyAtMs < this.readyAtMs ? other : this
  }

  forgetReasons(): void {
    this.reasons = noReasons
  }
}

/** The record of a key in a queue that is divided into classes; the others need no room for one. */
export class ClassRecord<K> extends KeyRecord<K> {
  readonly #fairClass: string

  constructor(key: K, fairClass: string) {
    super(key)
    this.#fairClass = fairClass
  }

  override get fairClass(): string {
    return this.#fairClass
  }
}

/** Ready keys of one priority, in the order in which they became ready. */
export class PriorityLevel<K> extends LinkedList<KeyRecord<K>> implements HeapHandle {
  readonly priority: number
  /** What it belongs to. */
  readonly order: ReadyOrder<K>
  at = 0
  sequence = 0
  slot = -1

  constructor(priority: number, order: ReadyOrder<K>) {
    super()
    this.priority = priority
    this.order = order
  }
}

/** The order in which ready keys are handed out. */
export interface ReadyOrder<K> {
  readonly length: number
  /** Puts a record in at its priority. */
  push(record: KeyRecord<K>, nowMs: number): void
  /** Moves a record that is in to where its raised priority would put it now, if that is earlier. */
  raise(record: KeyRecord<K>, nowMs: number): void
  /** Takes the first record out. */
  shift(): KeyRecord<K> | undefined
  /** The record that is in for the longest time. */
  oldest(): KeyRecord<K> | undefined
  /** Takes out a record that is in. */
  remove(record: KeyRecord<K>): void
  /** The records in the order in which `shift` would give them. */
  inOrder(): readonly KeyRecord<K>[]
}

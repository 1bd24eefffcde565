import type { Cancel, Clock } from '../../core/index.js'
import { InvalidError, UsageError } from '../../core/index.js'
import { assertValid, wholeNumber } from '../../core/internal.js'

/** How long to wait. */
export interface WaitOptions {
  readonly clock: Clock
  /** ≥ 0. */
  readonly timeoutMs: number
}

/** A part that acts on the registry and acknowledges the revisions that it has acted on. */
export interface RegistryConsumer {
  readonly name: string
  /** The last revision acknowledged; 0 at first. */
  readonly acknowledged: number
  /**
   * Says that nothing from before this revision is in use any more for new work. Lower revisions are ignored.
   *
   * @throws InvalidError for a revision that the registry has not reached, or that is none
   */
  ack(revision: number): void
  /** One that gives no sign of life is not waited for, and named in reports. Default false. */
  setSilent(isSilent: boolean): void
  /** Another one takes its place, which has acknowledged nothing; whoever waits for this one waits for that one. */
  restart(): void
  /** Stops counting. Idempotent. */
  close(): void
}

/** What a consumer is. */
export interface RegistryConsumerOptions {
  /**
   * It stands for another process, so this one's own acknowledgement leaves it out, and so does the limit of consumers.
   * Default false.
   */
  readonly isRemote?: boolean
}

/** How waiting for consumers ended; `silent` names those behind that were not waited for. */
export type ConsumerReport =
  | { readonly kind: 'acknowledged'; readonly revision: number; readonly silent: readonly string[] }
  /** `waiting` names who has not acknowledged; `registryRevision` tells whether the registry itself was behind. */
  | {
      readonly kind: 'timed-out'
      readonly revision: number
      readonly registryRevision: number
      readonly waiting: readonly string[]
      readonly silent: readonly string[]
    }

const limits = { consumers: 1000, waiters: 10_000 } as const

interface Entry {
  readonly isRemote: boolean
  acknowledged: number
  isSilent: boolean
}

interface Waiter {
  readonly revision: number
  /** How many are waited for: neither silent nor at the revision. */
  behind: number
  readonly done: () => void
}

/**
 * The book of consumers of one registry. Each waiter counts those that it waits for, so an acknowledgement costs what
 * waits and not what exists: there may be thousands of processes, and each reports ten times a second.
 */
export class Consumers {
  readonly #registryRevision: () => number
  readonly #entries = new Map<string, Entry>()
  /** Those of this process. */
  readonly #own = new Set<Entry>()
  readonly #waiters = new Set<Waiter>()
  readonly #listeners = new Set<() => void>()

  constructor(registryRevision: () => number) {
    this.#registryRevision = registryRevision
  }

  open(name: string, { isRemote = false }: RegistryConsumerOptions = {}): RegistryConsumer {
    if (this.#entries.has(name))
      throw new UsageError(
        `a registry consumer named "${name}" exists already; close it or choose another name`,
      )
    if (!isRemote && this.#own.size >= limits.consumers)
      throw new UsageError(`a registry has at most ${limits.consumers} consumers; close some`)
    const entry: Entry = { isRemote, acknowledged: 0, isSilent: false }
    this.#entries.set(name, entry)
    if (!isRemote) this.#own.add(entry)
    this.#count(entry, 1)
    return new OpenConsumer(name, entry, {
      registryRevision: this.#registryRevision,
      change: change => this.#change(entry, change),
      close: () => {
        this.#entries.delete(name)
        this.#own.delete(entry)
        this.#count(entry, -1)
        this.#tell(entry)
      },
    })
  }

  wait(revision: number, { clock, timeoutMs }: WaitOptions): Promise<ConsumerReport> {
    return new Promise((resolve, reject) => {
      const problems = wholeNumber('revision', revision)
      if (problems.length > 0) return reject(new InvalidError('wait for consumers', problems))
      const silent = (): readonly string[] => this.#behind(revision, true)
      const behind = this.#behind(revision, false).length
      if (behind === 0 && this.#registryRevision() >= revision)
        return resolve({ kind: 'acknowledged', revision, silent: silent() })
      if (this.#waiters.size >= limits.waiters)
        return reject(new UsageError(`a registry has at most ${limits.waiters} waiters`))
      const cancel = clock.after(timeoutMs, () => {
        this.#waiters.delete(waiter)
        resolve({
          kind: 'timed-out',
          revision,
          registryRevision: this.#registryRevision(),
          waiting: this.#behind(revision, false),
          silent: silent(),
        })
      })
      const waiter: Waiter = {
        revision,
        behind,
        done: () => {
          this.#waiters.delete(waiter)
          cancel()
          resolve({ kind: 'acknowledged', revision, silent: silent() })
        },
      }
      this.#waiters.add(waiter)
    })
  }

  /** The registry has a new revision. */
  advanced(): void {
    this.#endWaits()
    for (const listener of [...this.#listeners]) listener()
  }

  /** What all consumers of this process have acknowledged. */
  acknowledged(): number {
    let least = this.#registryRevision()
    for (const { acknowledged } of this.#own) least = Math.min(least, acknowledged)
    return least
  }

  /** Told when that may have changed. */
  onAcknowledged(listener: () => void): Cancel {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  #change(entry: Entry, change: (entry: Entry) => void): void {
    this.#count(entry, -1)
    change(entry)
    this.#count(entry, 1)
    this.#tell(entry)
  }

  /** Adds the consumer to those that are waited for, or takes it out. */
  #count({ acknowledged, isSilent }: Entry, by: 1 | -1): void {
    if (isSilent) return
    for (const waiter of this.#waiters) if (acknowledged < waiter.revision) waiter.behind += by
  }

  #tell({ isRemote }: Entry): void {
    if (isRemote) this.#endWaits()
    else this.advanced()
  }

  #endWaits(): void {
    for (const waiter of [...this.#waiters])
      if (waiter.behind === 0 && this.#registryRevision() >= waiter.revision) waiter.done()
  }

  #behind(revision: number, isSilent: boolean): readonly string[] {
    return [...this.#entries]
      .filter(([, entry]) => entry.acknowledged < revision && entry.isSilent === isSilent)
      .map(([name]) => name)
      .sort()
  }
}

/** What an open consumer does to the book. */
interface Place {
  readonly registryRevision: () => number
  readonly change: (change: (entry: Entry) => void) => void
  readonly close: () => void
}

/** Its functions are its own, so that they may be taken out of it. */
class OpenConsumer implements RegistryConsumer {
  readonly name: string
  readonly #entry: Entry
  readonly #place: Place
  #closed = false

  constructor(name: string, entry: Entry, place: Place) {
    this.name = name
    this.#entry = entry
    this.#place = place
  }

  get acknowledged(): number {
    return this.#entry.acknowledged
  }

  readonly ack: RegistryConsumer['ack'] = revision => {
    const reached = this.#place.registryRevision()
    assertValid(`acknowledgement of ${this.name}`, wholeNumber('revision', revision))
    if (revision > reached) throw tooNew(this.name, revision, reached)
    if (revision > this.#entry.acknowledged) this.#set({ acknowledged: revision })
  }

  readonly setSilent: RegistryConsumer['setSilent'] = isSilent => {
    if (this.#entry.isSilent !== isSilent) this.#set({ isSilent })
  }

  readonly restart: RegistryConsumer['restart'] = () => {
    this.#set({ acknowledged: 0, isSilent: false })
  }

  readonly close: RegistryConsumer['close'] = () => {
    if (this.#closed) return
    this.#closed = true
    this.#place.close()
  }

  #set(fields: Partial<Entry>): void {
    if (!this.#closed) this.#place.change(entry => void Object.assign(entry, fields))
  }
}

function tooNew(name: string, revision: number, reached: number): InvalidError {
  const message = `must not be above the registry's revision, ${reached}: only what was seen can be acknowledged`
  return new InvalidError(`acknowledgement of ${name}`, [{ field: 'revision', value: revision, message }])
}

import type { Cancel, Clock } from '../../core/index.js'
import { InvalidError, UsageError } from '../../core/index.js'

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
   * @throws InvalidError for a revision that the registry has not reached
   */
  ack(revision: number): void
  /** One that gives no sign of life is not waited for, and named in reports. Default false. */
  setSilent(isSilent: boolean): void
  /** Stops counting. Idempotent. */
  close(): void
}

/** What a consumer is. */
export interface RegistryConsumerOptions {
  /** It stands for another process, so this one's own acknowledgement leaves it out. Default false. */
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

/** The book of consumers of one registry. */
export interface Consumers {
  open(name: string, options?: RegistryConsumerOptions): RegistryConsumer
  wait(revision: number, options: WaitOptions): Promise<ConsumerReport>
  /** The registry has a new revision. */
  advanced(): void
  /** What all consumers of this process have acknowledged. */
  acknowledged(): number
  onAcknowledged(listener: () => void): Cancel
}

interface Entry {
  readonly isRemote: boolean
  acknowledged: number
  isSilent: boolean
}

interface Waiter {
  readonly revision: number
  readonly done: () => void
}

export function createConsumers(registryRevision: () => number): Consumers {
  const entries = new Map<string, Entry>()
  const waiters = new Set<Waiter>()
  const listeners = new Set<() => void>()
  const behind = (revision: number, isSilent: boolean): readonly string[] =>
    [...entries]
      .filter(([, entry]) => entry.acknowledged < revision && entry.isSilent === isSilent)
      .map(([name]) => name)
      .sort()
  const reached = (revision: number): boolean =>
    registryRevision() >= revision && behind(revision, false).length === 0
  const advanced = (): void => {
    for (const waiter of [...waiters]) if (reached(waiter.revision)) waiter.done()
    for (const listener of [...listeners]) listener()
  }
  const book: Book = { entries, registryRevision, advanced }
  const wait = (revision: number, { clock, timeoutMs }: WaitOptions): Promise<ConsumerReport> =>
    new Promise((resolve, reject) => {
      const silent = (): readonly string[] => behind(revision, true)
      if (reached(revision)) return resolve({ kind: 'acknowledged', revision, silent: silent() })
      if (waiters.size >= limits.waiters)
        return reject(new UsageError(`a registry has at most ${limits.waiters} waiters`))
      const cancel = clock.after(timeoutMs, () => {
        waiters.delete(waiter)
        resolve({
          kind: 'timed-out',
          revision,
          registryRevision: registryRevision(),
          waiting: behind(revision, false),
          silent: silent(),
        })
      })
      const waiter: Waiter = {
        revision,
        done: () => {
          waiters.delete(waiter)
          cancel()
          resolve({ kind: 'acknowledged', revision, silent: silent() })
        },
      }
      waiters.add(waiter)
    })
  return {
    open: (name, options) => openConsumer(book, name, options),
    wait,
    advanced,
    acknowledged: () =>
      [...entries.values()]
        .filter(entry => !entry.isRemote)
        .reduce((least, entry) => Math.min(least, entry.acknowledged), registryRevision()),
    onAcknowledged: listener => {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
  }
}

/** What consumers share. */
interface Book {
  readonly entries: Map<string, Entry>
  readonly registryRevision: () => number
  readonly advanced: () => void
}

function openConsumer(
  book: Book,
  name: string,
  { isRemote = false }: RegistryConsumerOptions = {},
): RegistryConsumer {
  const { entries } = book
  if (entries.has(name))
    throw new UsageError(
      `a registry consumer named "${name}" exists already; close it or choose another name`,
    )
  if (entries.size >= limits.consumers)
    throw new UsageError(`a registry has at most ${limits.consumers} consumers; close some`)
  const entry: Entry = { isRemote, acknowledged: 0, isSilent: false }
  entries.set(name, entry)
  return new OpenConsumer(name, book, entry)
}

/** Its functions are its own, so that they may be taken out of it. */
class OpenConsumer implements RegistryConsumer {
  readonly name: string
  readonly #book: Book
  readonly #entry: Entry
  #closed = false

  constructor(name: string, book: Book, entry: Entry) {
    this.name = name
    this.#book = book
    this.#entry = entry
  }

  get acknowledged(): number {
    return this.#entry.acknowledged
  }

  readonly ack: RegistryConsumer['ack'] = revision => {
    const { registryRevision, advanced } = this.#book
    if (revision > registryRevision()) throw tooNew(this.name, revision, registryRevision())
    if (this.#closed || revision <= this.#entry.acknowledged) return
    this.#entry.acknowledged = revision
    advanced()
  }

  readonly setSilent: RegistryConsumer['setSilent'] = isSilent => {
    if (this.#entry.isSilent === isSilent) return
    this.#entry.isSilent = isSilent
    this.#book.advanced()
  }

  readonly close: RegistryConsumer['close'] = () => {
    if (this.#closed) return
    this.#closed = true
    this.#book.entries.delete(this.name)
    this.#book.advanced()
  }
}

function tooNew(name: string, revision: number, reached: number): InvalidError {
  const message = `must not be above the registry's revision, ${reached}: only what was seen can be acknowledged`
  return new InvalidError(`acknowledgement of ${name}`, [{ field: 'revision', value: revision, message }])
}

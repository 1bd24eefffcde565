import type { Cancel, Env } from '../../../core/index.js'
import type { Client, Kind, StoredObject, Watch, WatchBatch, WatchOptions } from '../../../store/index.js'
import { ExpiredError, offerBatches } from '../../../store/internal.js'
import { facade } from './facade.js'

/** A watch that is open, and can be broken. */
export interface BreakableWatch {
  /** What it watches: names of kinds. */
  readonly kinds: string
}

/** Breaks off the watches of one process, as a store does that is far away. */
export class WatchBreaker {
  #open: readonly FragileWatch[] = []
  /** Kinds of watches that cannot go on where they were, the next time that they are opened. */
  readonly #forgotten = new Set<string>()

  /** Those that can be broken, oldest first. */
  list(): readonly BreakableWatch[] {
    return this.#living()
  }

  #living(): readonly FragileWatch[] {
    if (this.#open.some(watch => watch.isOver)) this.#open = this.#open.filter(watch => !watch.isOver)
    return this.#open
  }

  /** Ends it with an error. */
  break(watch: BreakableWatch, error: Error): void {
    this.#open.find(open => open === watch)?.break(error)
  }

  /** What happens before such a watch is opened again will not be told: it is `Expired`. */
  forget({ kinds }: BreakableWatch): void {
    this.#forgotten.add(kinds)
  }

  /** The same client; its watches can be broken, and so can those of clients made from it. */
  seenThrough(client: Client): Client {
    return facade(client, (member, call) => {
      if (member === 'client') return (...given) => this.seenThrough(call(...given) as Client)
      if (member !== 'watch') return undefined
      return (kinds, given) => {
        const options = given as WatchOptions | undefined
        const names = namesOf(kinds as Kind | readonly Kind[])
        this.#assertKept(names, options?.since, client.revision)
        const watch = new FragileWatch(call(kinds, options) as Watch<StoredObject>, names, {
          env: client.env,
          signal: options?.signal,
        })
        this.#open = [...this.#living(), watch]
        return watch
      }
    })
  }

  /** @throws ExpiredError */
  #assertKept(kinds: string, since: WatchOptions['since'], revision: number): void {
    const wasForgotten = this.#forgotten.delete(kinds)
    if (wasForgotten && since !== undefined && Number(since) < revision)
      throw new ExpiredError(Number(since), revision)
  }
}

type Batch = WatchBatch<StoredObject>

interface WatchEnds {
  readonly env: Env
  readonly signal: AbortSignal | undefined
}

/** A watch until it breaks. */
class FragileWatch implements Watch<StoredObject>, BreakableWatch {
  readonly kinds: string
  readonly #watch: Watch<StoredObject>
  readonly #ends: WatchEnds
  #ended: ((error?: unknown) => void) | undefined
  #isClosed = false
  /** Told once, to whoever reads. */
  #failure: { readonly error: Error } | undefined

  constructor(watch: Watch<StoredObject>, kinds: string, ends: WatchEnds) {
    this.#watch = watch
    this.kinds = kinds
    this.#ends = ends
    offerBatches(this)
  }

  get isOver(): boolean {
    return this.#isClosed || this.#ends.env.closed || this.#ends.signal?.aborted === true
  }

  get revision(): number {
    return this.#watch.revision
  }

  requestProgress(): void {
    this.#watch.requestProgress()
  }

  break(error: Error): void {
    const ended = this.#ended
    this.#failure = { error }
    this.close()
    if (ended === undefined) return
    this.#failure = undefined
    ended(error)
  }

  on(listener: (batch: Batch) => void, ended?: (error?: unknown) => void): Cancel {
    const end = (error?: unknown): void => {
      this.#isClosed = true
      ended?.(error)
    }
    this.#ended = end
    const failure = this.#failure
    if (failure === undefined) this.#watch.on(listener, end)
    else this.break(failure.error)
    return () => this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch> {
    const iterator = this.#watch[Symbol.asyncIterator]()
    return {
      next: async () => {
        const result = await iterator.next()
        const failure = this.#failure
        if (failure === undefined || result.done !== true) return result
        this.#failure = undefined
        throw failure.error
      },
      return: () => {
        this.close()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  close(): void {
    this.#isClosed = true
    this.#ended = undefined
    this.#watch.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function namesOf(kinds: Kind | readonly Kind[]): string {
  return (isList(kinds) ? kinds : [kinds]).map(({ kind }) => kind).join(', ')
}

function isList(kinds: Kind | readonly Kind[]): kinds is readonly Kind[] {
  return Array.isArray(kinds)
}

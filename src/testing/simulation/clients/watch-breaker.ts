import type { Client, Kind, WatchOptions } from '../../../store/index.js'
import { ExpiredError } from '../../../store/internal.js'
import { facade } from './facade.js'
import type { OpenWatch } from './open-watches.js'
import { OpenWatches } from './open-watches.js'

/** Breaks off the watches of one process, as a store does that is far away. */
export class WatchBreaker {
  readonly #open = new OpenWatches()
  readonly #ends = new WeakMap<AbortSignal, AbortController>()
  /** Kinds of watches that cannot go on where they were, the next time that they are opened. */
  readonly #forgotten = new Set<string>()

  /** Those that can be broken. */
  list(): readonly OpenWatch[] {
    return this.#open.list().filter(({ signal }) => signal !== undefined && this.#ends.has(signal))
  }

  /** Ends it with an error. */
  break({ signal }: OpenWatch, error: Error): void {
    if (signal !== undefined) this.#ends.get(signal)?.abort(error)
  }

  /** What happens before such a watch is opened again will not be told: it is `Expired`. */
  forget(watch: OpenWatch): void {
    this.#forgotten.add(kindsText(watch))
  }

  /** The same client; its watches can be broken, and so can those of clients made from it. */
  seenThrough(client: Client): Client {
    return this.#breakable(this.#open.seenThrough(client))
  }

  #breakable(client: Client): Client {
    return facade(client, (member, call) => {
      if (member === 'client') return (...given) => this.#breakable(call(...given) as Client)
      if (member !== 'watch') return undefined
      return (kinds, given) => {
        const options = (given ?? {}) as WatchOptions
        this.#assertKept(kinds as Kind | readonly Kind[], options, client.revision)
        const end = new AbortController()
        const signal =
          options.signal === undefined ? end.signal : AbortSignal.any([options.signal, end.signal])
        this.#ends.set(signal, end)
        return call(kinds, { ...options, signal })
      }
    })
  }

  /** @throws ExpiredError */
  #assertKept(kinds: Kind | readonly Kind[], { since }: WatchOptions, revision: number): void {
    const names = (Array.isArray(kinds) ? (kinds as readonly Kind[]) : [kinds as Kind]).map(
      ({ kind }) => kind,
    )
    const wasForgotten = this.#forgotten.delete(kindsText({ kinds: new Set(names) }))
    if (wasForgotten && since !== undefined && Number(since) < revision)
      throw new ExpiredError(Number(since), revision)
  }
}

/** By the kinds that it is about. */
export function kindsText({ kinds }: Pick<OpenWatch, 'kinds'>): string {
  return [...kinds].join(', ')
}

import type { Env } from '../../../core/index.js'
import type { Client, Kind, StoredObject, Watch, WatchOptions } from '../../../store/index.js'
import type { Call } from './facade.js'
import { facade } from './facade.js'

/** A watch that was opened, and has not been closed. */
export interface OpenWatch {
  /** What it watches. */
  readonly kinds: ReadonlySet<string>
  readonly watch: Watch<StoredObject>
  readonly env: Env
  readonly signal: AbortSignal | undefined
}

/** Remembers which watches are open. */
export class OpenWatches {
  readonly #opened = new Set<OpenWatch>()

  /** Those that still deliver. */
  list(): readonly OpenWatch[] {
    return [...this.#opened].filter(({ env, signal }) => !env.closed && signal?.aborted !== true)
  }

  /** The same client; its watches are remembered, and those of clients made from it. */
  seenThrough(client: Client): Client {
    return facade(client, (member, call) => {
      if (member === 'client') return (...given) => this.seenThrough(call(...given) as Client)
      if (member !== 'watch') return undefined
      return (kinds, options) =>
        this.#open(client.env, call(kinds, options) as Watch<StoredObject>, [
          kinds as Kind | readonly Kind[],
          options as WatchOptions | undefined,
        ])
    })
  }

  #open(
    env: Env,
    watch: Watch<StoredObject>,
    [kinds, options]: readonly [Kind | readonly Kind[], WatchOptions | undefined],
  ): Watch<StoredObject> {
    const names = isList(kinds) ? kinds.map(({ kind }) => kind) : [kinds.kind]
    const entry: OpenWatch = { kinds: new Set(names), watch, env, signal: options?.signal }
    this.#opened.add(entry)
    const ended = (call: Call): Call => {
      return (...given) => {
        this.#opened.delete(entry)
        return call(...given)
      }
    }
    return facade(watch, (member, call) => {
      if (member === 'close' || member === Symbol.dispose) return ended(call)
      if (member === 'on')
        return (listener, over) => ended(call(listener, ended((over as Call | undefined) ?? nothing)) as Call)
      if (member !== Symbol.asyncIterator) return undefined
      return () => facade(call() as object, (step, next) => (step === 'return' ? ended(next) : undefined))
    })
  }
}

function nothing(): void {}

function isList(kinds: Kind | readonly Kind[]): kinds is readonly Kind[] {
  return Array.isArray(kinds)
}

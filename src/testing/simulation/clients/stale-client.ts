import type { Cancel, Env } from '../../../core/index.js'
import type { Client, Kind, StoredObject, Watch, WatchBatch, WatchOptions } from '../../../store/index.js'
import { facade } from './facade.js'

/**
 * The same client, of a process that starts at a replica which is behind: the first watch of some kinds that asks for
 * what there is, is shown what there was at `revision`, and then what has happened since. Reads and writes are as ever.
 *
 * @param opened what was watched already, by this client or one made from it
 */
export function behindAt(client: Client, revision: number, opened: Set<string> = new Set()): Client {
  return facade(client, (member, call) => {
    if (member === 'client') return (...given) => behindAt(call(...given) as Client, revision, opened)
    if (member !== 'watch') return undefined
    return (kinds, given) => {
      const options = (given ?? {}) as WatchOptions
      const name = namesOf(kinds as Kind | readonly Kind[])
      if (options.sendInitialEvents !== true || opened.has(name)) return call(kinds, options)
      opened.add(name)
      const { sendInitialEvents: _now, ...later } = options
      return new LateWatch(
        client.env,
        watchOf(client, revision, kinds as readonly Kind[], options),
        () => call(kinds, { ...later, since: revision }) as Watch<StoredObject>,
      )
    }
  })
}

/** Shows what there was, as a step of the same process. */
function watchOf(
  client: Client,
  revision: number,
  kinds: readonly Kind[],
  options: WatchOptions,
): Watch<StoredObject> {
  const env: Env = client.env
  const snapshot = client.snapshot(revision)
  const before = snapshot.fork(env)
  snapshot.close()
  return before.client(env).watch(kinds, options)
}

type Batch = WatchBatch<StoredObject>

/** One watch up to its first batch, and, in a step of its own, another one from there. */
class LateWatch implements Watch<StoredObject> {
  #present: Watch<StoredObject>
  readonly #goOn: () => Watch<StoredObject>
  readonly #env: Env
  #isClosed = false

  constructor(env: Env, first: Watch<StoredObject>, goOn: () => Watch<StoredObject>) {
    this.#env = env
    this.#present = first
    this.#goOn = goOn
  }

  get revision(): number {
    return this.#present.revision
  }

  requestProgress(): void {
    this.#present.requestProgress()
  }

  on(listener: (batch: Batch) => void, ended?: (error?: unknown) => void): Cancel {
    this.#present.on(batch => {
      const returned = listener(batch)
      // The listener may have closed it. What it has asked for by now comes first.
      if (this.#isClosed) return returned
      const about = { kind: 'deliver', label: 'the replica catches up' } as const
      this.#env.tasks.defer(() => {
        if (this.#isClosed) return
        this.#turn()
        this.#present.on(listener, ended)
      }, about)
      return returned
    }, ended)
    return () => this.close()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Batch> {
    for await (const batch of this.#present) {
      yield batch
      break
    }
    if (this.#isClosed) return
    this.#turn()
    yield* this.#present
  }

  close(): void {
    this.#isClosed = true
    this.#present.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #turn(): void {
    this.#present.close()
    this.#present = this.#goOn()
  }
}

function namesOf(kinds: Kind | readonly Kind[]): string {
  const list: readonly Kind[] = Array.isArray(kinds) ? kinds : [kinds as Kind]
  return list.map(({ kind }) => kind).join(', ')
}

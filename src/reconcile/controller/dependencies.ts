import type { Env, Logger } from '../../core/index.js'
import type { Client, Kind, ListOptions, ObjectRef, ReadOptions } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { WakeCause } from '../hot-loops/self-wakes.js'
import { kindId } from '../object-key.js'
import type { Dependency } from '../sources/dependency-index.js'
import { DependencyIndex, dependencyId } from '../sources/dependency-index.js'
import { KindWatches } from '../sources/kind-watches.js'
import type { ReadListener } from '../sources/read-listener.js'

/** Whom dependencies wake. */
export interface DependenciesOptions {
  /** Of the controller. */
  readonly name: string
  readonly for: Kind
  readonly client: Client
  readonly env: Env
  readonly logger: Logger
  /** True for kinds whose changes are told by `changed`. */
  readonly isWatched: (kind: Kind) => boolean
  readonly wake: (key: ObjectRef, why: { readonly reason: string; readonly cause?: WakeCause }) => void
  readonly progressed: () => void
}

/** A key that reads more objects of one kind, one by one, depends on the whole kind. */
const OBJECTS_MAX = 1_000

/**
 * What keys depend on beside what their controller declares: what their attempts read or asked for. The watch of a kind
 * is there as long as some key needs it.
 */
export class Dependencies {
  readonly #options: DependenciesOptions
  readonly #index = new DependencyIndex()
  readonly #watches: KindWatches
  /** Of the attempts that have asked for something, by key: there is one of a key at a time. */
  readonly #open = new Map<string, AttemptReads>()

  constructor(options: DependenciesOptions) {
    this.#options = options
    this.#watches = new KindWatches({
      ...options,
      changed: (change, revision) => this.changed({ change, revision }),
      lost: id => {
        for (const key of this.#index.keysOfKind(id)) options.wake(key, { reason: 'gap' })
      },
    })
  }

  /** Something has changed, of a kind that is watched for other reasons too. */
  changed(cause: WakeCause): void {
    if (this.#index.isEmpty) return
    const { kind } = cause.change.after ?? cause.change.before ?? {}
    for (const key of this.#index.keysOf(cause.change))
      this.#options.wake(key, { reason: `read ${kind}`, cause })
  }

  /** Hears of what the attempt of `key` in flight reads, or asks for. */
  ask(key: ObjectRef): ReadListener {
    const id = refText(key)
    let open = this.#open.get(id)
    if (open === undefined) {
      open = new AttemptReads(this.#options.for, key, dependency => this.#add(key, dependency))
      this.#open.set(id, open)
    }
    return open
  }

  /** An attempt of `key` has ended. `isWhole`: it got to its end, so what it did not ask for is not needed any more. */
  ended(key: ObjectRef, isWhole: boolean): void {
    if (this.#index.isEmpty && this.#open.size === 0) return
    const id = refText(key)
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.end()
    if (!isWhole) return
    this.#index.keep(key, open?.kept ?? NOTHING)
    this.#watches.keep(kind => this.#index.hasKind(kind))
  }

  of(key: ObjectRef): readonly Dependency[] {
    return this.#index.of(key)
  }

  hasReached(revision: number): boolean {
    return this.#watches.hasReached(revision)
  }

  stop(): void {
    this.#watches.keep(() => false)
  }

  #add(key: ObjectRef, dependency: Dependency): void {
    this.#index.add(key, dependency)
    if (!this.#options.isWatched(dependency.kind)) this.#watches.need(dependency.kind)
  }
}

const NOTHING: ReadonlySet<string> = new Set()

/** What one attempt of a key depends on. */
class AttemptReads implements ReadListener {
  readonly kept = new Set<string>()
  readonly #own: Kind
  readonly #key: ObjectRef
  readonly #add: (dependency: Dependency) => void
  /** How many single objects of each kind. */
  readonly #objects = new Map<string, number>()
  #isOver = false

  constructor(own: Kind, key: ObjectRef, add: (dependency: Dependency) => void) {
    this.#own = own
    this.#key = key
    this.#add = add
  }

  got(kind: Kind, ref: ObjectRef): void {
    const id = kindId(kind)
    // Its own object wakes it anyway.
    if (id === kindId(this.#own) && refText(ref) === refText(this.#key)) return
    const count = (this.#objects.get(id) ?? 0) + 1
    this.#objects.set(id, count)
    const { namespace, name } = ref
    this.#depend(
      count > OBJECTS_MAX
        ? { kind, scope: {} }
        : { kind, ref: { ...(namespace === undefined ? {} : { namespace }), name } },
    )
  }

  listed(kind: Kind, options: ReadOptions = {}): void {
    this.#depend({ kind, scope: scopeOf(options) })
  }

  end(): void {
    this.#isOver = true
  }

  #depend(dependency: Dependency): void {
    const id = dependencyId(dependency)
    if (this.#isOver || this.kept.has(id)) return
    this.#add(dependency)
    this.kept.add(id)
  }
}

/** Which objects a list shows, whatever page of it was asked for. */
function scopeOf(options: ReadOptions): ListOptions {
  const { namespace, labelSelector, fieldSelector, names, index, owner } = options
  const all = { namespace, labelSelector, fieldSelector, names, index, owner }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { OwnWriteListener } from '../hot-loops/hot-loops.js'
import type { WakeCause } from '../hot-loops/self-wakes.js'
import type { Wake } from './controller-sources.js'

/** What one key wrote that was not told yet. */
interface Writes {
  readonly key: ObjectRef
  /** Revisions. */
  readonly own: Set<number>
  /** Wakes by changes that were told while a write was under way: whose they are is not known yet. */
  undecided: Wake[]
  underWay: number
}

/**
 * Keeps keys from being woken by what their own attempts wrote. In doubt a key is woken: by a write of which it is not
 * known whether it was done, and by a change that was told as part of a difference.
 */
export class OwnChanges {
  readonly #byKey = new Map<string, Writes>()
  readonly #wake: (key: ObjectRef, why: Wake) => void

  /** @param wake called for a wake that was held back and is not by its own change */
  constructor(wake: (key: ObjectRef, why: Wake) => void) {
    this.#wake = wake
  }

  /** For the writes of the attempt of `key` that begins; `over` when it has ended. */
  listen(key: ObjectRef): OwnWriteListener & { over(): void } {
    let writes: Writes | undefined
    let isOver = false
    return {
      began: () => {
        if (isOver) return
        writes ??= this.#open(key)
        writes.underWay++
      },
      ended: revision => {
        if (isOver || writes === undefined) return
        writes.underWay--
        if (revision !== undefined) writes.own.add(revision)
        this.#decide(writes)
      },
      over: () => {
        isOver = true
        if (writes === undefined) return
        writes.underWay = 0
        this.#decide(writes)
      },
    }
  }

  /** True when this wake is not to be: it is by an own change, or may be and comes later if not. */
  holdsBack(key: ObjectRef, why: Wake): boolean {
    const writes = this.#byKey.size === 0 ? undefined : this.#byKey.get(refText(key))
    if (writes === undefined || why.cause === undefined) return false
    if (isOf(writes, why.cause)) return true
    if (writes.underWay === 0) return false
    writes.undecided.push(why)
    return true
  }

  /** What was told is not waited for any more. */
  told(isTold: (revision: number) => boolean): void {
    for (const [id, { own, underWay }] of this.#byKey) {
      for (const revision of own) if (isTold(revision)) own.delete(revision)
      if (own.size === 0 && underWay === 0) this.#byKey.delete(id)
    }
  }

  #open(key: ObjectRef): Writes {
    const id = refText(key)
    const known = this.#byKey.get(id)
    if (known !== undefined) return known
    const writes: Writes = { key, own: new Set(), undecided: [], underWay: 0 }
    this.#byKey.set(id, writes)
    return writes
  }

  #decide(writes: Writes): void {
    const held = writes.undecided
    writes.undecided = []
    for (const why of held) if (!this.holdsBack(writes.key, why)) this.#wake(writes.key, why)
  }
}

/** A change that shows more than the write itself may hide another writer's. */
function isOf({ own }: Writes, { revision, change }: WakeCause): boolean {
  if (!own.has(revision) || change.inferred === true) return false
  return change.after === undefined || change.after.metadata.resourceVersion === String(revision)
}

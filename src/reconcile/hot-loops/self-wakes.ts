import type { ObjectRef } from '../../store/index.js'
import { objectId } from '../object-key.js'
import type { SourceChange } from '../sources/event-mapping.js'
import { SeenStates } from './seen-states.js'

/** A change that woke a key, and the revision that it was told with. */
export interface WakeCause {
  readonly revision: number
  readonly change: SourceChange
}

/** Why a key is about to run. */
export type RunCause =
  /** Something other than its own writes woke it, or only time did. */
  | { readonly kind: 'other' }
  /** Nothing but what it wrote; `isProgress` when that left an object as it had not left it before. */
  | { readonly kind: 'ownWrites'; readonly change: SourceChange; readonly isProgress: boolean }

const OTHER: RunCause = { kind: 'other' }

/** What one key wrote, and what it heard of it, while nothing else wakes it. */
export class SelfWakes {
  readonly key: ObjectRef
  /** Revisions that it wrote, which may not have been heard of. */
  readonly #own = new Set<number>()
  /** Heard of while a write was under way: whose they are is not known yet. */
  readonly #undecided: WakeCause[] = []
  /** The latest change of each object by which it was woken since its latest run. */
  readonly #heard = new Map<string, SourceChange>()
  /** What it wrote since something else woke it. */
  readonly #written = new SeenStates()
  readonly #isOwn: (change: SourceChange) => void
  #latest: SourceChange | undefined
  #isForeign = false
  #underWay = 0

  /** @param isOwn told of every change of its own */
  constructor(key: ObjectRef, isOwn: (change: SourceChange) => void) {
    this.key = key
    this.#isOwn = isOwn
  }

  /** True when nothing would be lost with it. */
  get isOver(): boolean {
    return this.#own.size === 0 && this.#heard.size === 0 && !this.#isForeign && this.#underWay === 0
  }

  /** True when something other than its own writes has woken it since its latest run. */
  get isForeign(): boolean {
    return this.#isForeign
  }

  writeBegan(): void {
    this.#underWay++
  }

  /** @param revision of the write; undefined when it wrote nothing, or when that is not known */
  writeEnded(revision: number | undefined): void {
    this.#underWay--
    if (revision !== undefined) this.#own.add(revision)
    this.#decide()
  }

  /** Its attempt has ended: writes still in flight are attributed to no attempt. */
  attemptEnded(heardUpTo: number): void {
    this.#underWay = 0
    this.#decide()
    this.#forgetUpTo(heardUpTo)
  }

  woken(cause: WakeCause | undefined): void {
    if (cause !== undefined && this.#own.has(cause.revision)) this.#hear(cause.change)
    else if (cause !== undefined && this.#underWay > 0) this.#undecided.push(cause)
    else this.#isForeign = true
  }

  /** It runs, or would: why? Asked once per run. */
  take(heardUpTo: number): RunCause {
    this.#forgetUpTo(heardUpTo)
    const change = this.#isForeign ? undefined : this.#latest
    const news = [...(this.#isForeign ? [] : this.#heard.values())].filter(heard =>
      this.#written.isNew(heard),
    )
    this.#heard.clear()
    this.#latest = undefined
    this.#isForeign = false
    return change === undefined ? OTHER : { kind: 'ownWrites', change, isProgress: news.length > 0 }
  }

  /** Something else made it run: whatever it writes now is progress. */
  startOver(): void {
    this.#written.clear()
  }

  #decide(): void {
    for (const cause of this.#undecided.splice(0)) this.woken(cause)
  }

  #hear(change: SourceChange): void {
    const object = change.after ?? change.before
    if (object === undefined) return
    this.#heard.set(objectId(object), change)
    this.#latest = change
    this.#isOwn(change)
  }

  #forgetUpTo(revision: number): void {
    for (const own of this.#own) if (own <= revision) this.#own.delete(own)
  }
}

import type { AdmissionReplies } from '../admission/admission-replies.js'
import type { AdmissionSite } from '../admission/admit.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { mutationOf } from '../engine/mutation.js'
import type { Version } from '../engine/version.js'
import type { KeptObject, LifetimeKeeper } from '../lifetime/lifetime-keeper.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** What writes change: the objects, and how long they are kept. */
export interface WriteTarget {
  readonly engine: Engine
  readonly lifetimes: ObjectKeeping
}

/** What a write needs of lifetimes. */
export type ObjectKeeping = Pick<LifetimeKeeper, 'assertLive' | 'keep'>

/**
 * Where a write happens: directly on the store, or inside a transaction. What a write means is the same in both.
 */
export interface WriteSite extends WriteTarget, AdmissionSite {
  /** The revision that this write will have. */
  readonly revision: number
  /** The object as this writer sees it. */
  current(table: KindTable, ref: ObjectRef): StoredObject | undefined
  /** The object's newest version without what this writer has done, if there is one. */
  committed(table: KindTable, ref: ObjectRef): Version | undefined
  /** Makes `after` the object's new state; undefined removes it. */
  stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void
  /** Stages several at once. */
  stageAll(mutations: readonly Mutation[]): void
  /** Keeps an object that was written here; the expiry must be live. */
  keep(kept: KeptObject): void
}

/** The time of a write, as metadata holds it. */
export function timeOf(site: WriteSite): string {
  return site.engine.timeText()
}

/** What a direct write comes with. */
export interface DirectOptions {
  readonly cause?: WriteCause | undefined
  readonly replies?: AdmissionReplies | undefined
  /** Default false. */
  readonly isCaptured?: boolean
}

/** Each staged write is a revision of its own. */
export class DirectSite implements WriteSite {
  readonly engine: Engine
  readonly lifetimes: ObjectKeeping
  readonly canWait = true
  readonly replies: AdmissionReplies | undefined
  readonly isCaptured: boolean
  readonly #cause: WriteCause | undefined

  constructor(
    { engine, lifetimes }: WriteTarget,
    { cause, replies, isCaptured = false }: DirectOptions = {},
  ) {
    this.engine = engine
    this.lifetimes = lifetimes
    this.replies = replies
    this.isCaptured = isCaptured
    this.#cause = cause
  }

  get revision(): number {
    return this.engine.revision + 1
  }

  current(table: KindTable, ref: ObjectRef): StoredObject | undefined {
    return table.find(ref.namespace, ref.name)?.head?.object
  }

  committed(table: KindTable, ref: ObjectRef): Version | undefined {
    return table.find(ref.namespace, ref.name)?.head
  }

  stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void {
    this.stageAll([mutationOf(table, ref, after, this.committed(table, ref))])
  }

  stageAll(mutations: readonly Mutation[]): void {
    if (mutations.length > 0) this.engine.commit(mutations, this.#cause)
  }

  keep(kept: KeptObject): void {
    this.lifetimes.keep(kept)
  }
}

/** Checks what can only be checked when all is known, and changes nothing. For one write. */
export class DryRunSite extends DirectSite {
  override stageAll(mutations: readonly Mutation[]): void {
    this.engine.assertFits(mutations)
  }

  override keep(): void {}
}

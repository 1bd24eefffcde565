import type { AdmissionReplies } from '../admission/admission-replies.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import { mutationOf } from '../engine/mutation.js'
import { assertUnique } from '../engine/unique.js'
import type { Version } from '../engine/version.js'
import { LeaseKeeper } from '../lease/lease-keeper.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** What writes change: the objects, and how long they are kept. */
export interface WriteTarget {
  readonly engine: Engine
  readonly leases: LeaseKeeper
}

/**
 * Where a write happens: directly on the store, or inside a transaction. What a write means is the same in both.
 */
export interface WriteSite {
  readonly engine: Engine
  /** Whether the write can be tried again later, with an answer that it has to wait for. */
  readonly canWait: boolean
  /** Answers that it has waited for. */
  readonly replies: AdmissionReplies | undefined
  /** The revision that this write will have. */
  readonly revision: number
  /** The object as this writer sees it. */
  current(table: KindTable, ref: ObjectRef): StoredObject | undefined
  /** The object's newest version without what this writer has done, if there is one. */
  committed(table: KindTable, ref: ObjectRef): Version | undefined
  /** Makes `after` the object's new state; undefined removes it. */
  stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void
}

/** The time of a write, as metadata holds it. */
export function timeOf(site: WriteSite): string {
  return site.engine.timeText()
}

/** Each staged write is a revision of its own. */
export function directSite(engine: Engine, cause?: WriteCause): WriteSite {
  return new DirectSite(engine, cause)
}

/** Checks what can only be checked when all is known, and changes nothing. For one write. */
export function dryRunSite(engine: Engine): WriteSite {
  return new DryRunSite(engine)
}

class DirectSite implements WriteSite {
  readonly engine: Engine
  readonly canWait = true
  readonly #cause: WriteCause | undefined

  constructor(engine: Engine, cause?: WriteCause) {
    this.engine = engine
    this.#cause = cause
  }

  get replies(): AdmissionReplies | undefined {
    return this.engine.replies
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
    const head = table.find(ref.namespace, ref.name)?.head
    this.engine.commit([mutationOf(table, ref, after, head)], this.#cause)
  }
}

class DryRunSite extends DirectSite {
  override stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void {
    assertUnique([mutationOf(table, ref, after, table.find(ref.namespace, ref.name)?.head)])
  }
}

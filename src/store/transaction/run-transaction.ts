import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import type { Kind } from '../kind/kind.js'
import type { KeptObject } from '../lifetime/lifetime-keeper.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { causeOf } from '../object/write-cause.js'
import { countGroups } from '../read/group-counts.js'
import { countList, listPage } from '../read/list-page.js'
import type { ListView } from '../read/list-view.js'
import type { ListOptions, ObjectList } from '../read/reader.js'
import { batchOfChanges } from '../watch/watch-events.js'
import { assertWriteOptions, WRITES_IN_TRANSACTION } from '../write/known-write-options.js'
import type { ObjectWrite } from '../write/object-write.js'
import { assertFunction, assertSynchronous } from '../write/recipe.js'
import type { WriteOptions } from '../write/write-options.js'
import type { WriteTarget } from '../write/write-site.js'
import { Overlay, overlayView } from './overlay.js'
import { perform } from './perform.js'
import type { DryRun, Transaction } from './transaction.js'

/**
 * Runs `body` on a private overlay and commits the net effect of its writes under one revision. Inside
 * `engine.exclusive`, so nothing changes between its reads and its commit.
 */
export function runTransaction<T>(
  target: WriteTarget,
  body: (tx: Transaction) => T,
  options: WriteOptions,
): T | DryRun<T> {
  const { engine, lifetimes } = target
  const cause = causeOf(options)
  const { result, mutations, kept } = decideTransaction(new Overlay(target), body, options)
  if (options.dryRun === true) return result
  if (mutations.length > 0) engine.commit(mutations, cause)
  for (const one of kept) lifetimes.keep(one)
  return result
}

/** What a transaction would do, and what it returns; nothing is done yet. */
export interface DecidedTransaction<T> {
  readonly result: T | DryRun<T>
  readonly mutations: readonly Mutation[]
  readonly kept: readonly KeptObject[]
}

/** Runs `body` on the overlay. */
export function decideTransaction<T>(
  overlay: Overlay,
  body: (tx: Transaction) => T,
  options: WriteOptions,
): DecidedTransaction<T> {
  assertFunction(body, 'the body given to transact')
  const { engine } = overlay
  try {
    const result = body(new OverlayTransaction(overlay))
    assertSynchronous(result, 'the body of a transaction')
    // The body may have closed it.
    engine.assertOpen()
    const { mutations, kept } = overlay
    if (options.dryRun !== true) return { result, mutations, kept }
    engine.assertFits(mutations)
    return { result: { result, batch: batchOf(overlay.revision, mutations) }, mutations, kept }
  } finally {
    overlay.ended = true
  }
}

/** What watchers would be told of the mutations; nobody has applied them. */
function batchOf(revision: number, mutations: readonly Mutation[]): DryRun<unknown>['batch'] {
  if (mutations.length === 0) return undefined
  const changes = mutations.map(({ table, namespace, name, after }) => ({
    before: table.find(namespace, name)?.head?.object,
    after,
  }))
  return batchOfChanges({ revision, changes })
}

/** The reads and writes of a transaction's body. */
export class OverlayTransaction implements Transaction {
  /** Nothing is committed while the body runs. */
  readonly revision: number
  readonly #overlay: Overlay
  readonly #view: ListView

  constructor(overlay: Overlay) {
    this.revision = overlay.base.revision
    this.#overlay = overlay
    this.#view = overlayView(overlay)
  }

  readonly get: Transaction['get'] = <Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef) => {
    const table = this.#table(kind)
    assertRef(table.kind, ref)
    return this.#overlay.current(table, ref) as StoredObject<Spec, Status> | undefined
  }

  readonly list: Transaction['list'] = <Spec, Status>(kind: Kind<Spec, Status>, options: ListOptions = {}) =>
    listPage(this.#view, this.#table(kind), options) as ObjectList<StoredObject<Spec, Status>>

  readonly count: Transaction['count'] = (kind, options = {}) =>
    countList(this.#view, this.#table(kind), options)

  readonly countBy: Transaction['countBy'] = (kind, by, options = {}) =>
    countGroups(this.#view, this.#table(kind), by, options)

  readonly create: Transaction['create'] = (kind, object, options = {}) =>
    this.#write({ verb: 'create', kind, object, options })

  readonly update: Transaction['update'] = (kind, object, options = {}) =>
    this.#write({ verb: 'update', kind, object, options })

  readonly updateStatus: Transaction['updateStatus'] = (kind, object, options = {}) =>
    this.#write({ verb: 'updateStatus', kind, object, options })

  readonly modify: Transaction['modify'] = (kind, ref, recipe, options = {}) =>
    this.#write({ verb: 'modify', kind, ref, recipe, options })

  readonly modifyStatus: Transaction['modifyStatus'] = (kind, ref, recipe, options = {}) =>
    this.#write({ verb: 'modifyStatus', kind, ref, recipe, options })

  readonly patch: Transaction['patch'] = (kind, ref, patch, options) =>
    // A copy, and none without types either: that it has no `type` is said where it is performed.
    this.#write({ verb: 'patch', kind, ref, patch, options: { ...options } })

  readonly delete: Transaction['delete'] = (kind, ref, options = {}) =>
    this.#write({ verb: 'delete', kind, ref, options })

  #table(kind: Kind): KindTable {
    this.#overlay.assertRunning()
    return this.#overlay.engine.table(kind)
  }

  #write<Spec, Status>(write: ObjectWrite<Spec, Status>): StoredObject<Spec, Status> {
    const overlay = this.#overlay
    overlay.begin()
    try {
      assertWriteOptions(write, WRITES_IN_TRANSACTION)
      return perform(overlay, write) as StoredObject<Spec, Status>
    } catch (error) {
      overlay.takeBack(error)
      throw error
    } finally {
      overlay.end()
    }
  }
}

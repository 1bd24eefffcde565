import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { assertUnique } from '../engine/unique.js'
import type { Kind } from '../kind/kind.js'
import type { LifetimeOptions } from '../lease/leases.js'
import { lifetimeOf } from '../lease/lifetime.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { causeOf } from '../object/write-cause.js'
import { countList, listPage } from '../read/list-page.js'
import type { ListOptions } from '../read/reader.js'
import { batchOfChanges } from '../watch/watch-events.js'
import type { PatchOptions } from '../write/patch.js'
import { patchObject } from '../write/patch-object.js'
import { assertFunction, assertSynchronous } from '../write/recipe.js'
import { createObject, deleteObject, modifyObject, updateObject } from '../write/write.js'
import type { DeleteOptions, FieldOwner, WriteOptions } from '../write/write-options.js'
import type { WriteTarget } from '../write/write-site.js'
import { deleteWithDependents } from './cascade.js'
import { Overlay, overlayView } from './overlay.js'
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
  assertFunction(body, 'the body given to transact')
  const { engine, leases } = target
  const overlay = new Overlay(target)
  const cause = causeOf(options)
  try {
    const result = body(transactionOn(overlay))
    assertSynchronous(result, 'the body of a transaction')
    const { mutations } = overlay
    if (options.dryRun === true) assertUnique(mutations)
    if (options.dryRun === true) return { result, batch: batchOf(overlay.revision, mutations) }
    if (mutations.length > 0) engine.commit(mutations, cause)
    for (const keeping of overlay.keepings) leases.keep(keeping)
    return result
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
export function transactionOn(overlay: Overlay): Transaction {
  const { target, engine, base } = overlay
  const view = overlayView(overlay)
  const table = (kind: Kind): KindTable => {
    overlay.assertRunning()
    return engine.table(kind)
  }
  const keeping = (
    kind: Kind,
    options: LifetimeOptions,
    write: (found: KindTable) => StoredObject,
  ): StoredObject => {
    const found = table(kind)
    const lifetime = lifetimeOf(options)
    target.leases.assertLive(lifetime)
    const object = write(found)
    if (lifetime !== undefined) overlay.keepings.push({ table: found, object, lifetime })
    return object
  }
  const tx: { [Method in keyof Transaction]: unknown } = {
    // Nothing is committed while the body runs.
    revision: base.revision,
    get: (kind: Kind, ref: ObjectRef): StoredObject | undefined => {
      const found = table(kind)
      assertRef(found.kind, ref)
      return overlay.current(found, ref)
    },
    list: (kind: Kind, options: ListOptions = {}) => listPage(view, table(kind), options),
    count: (kind: Kind, options: ListOptions = {}) => countList(view, table(kind), options),
    create: (kind: Kind, object: never, options: FieldOwner & LifetimeOptions = {}) =>
      keeping(kind, options, found =>
        createObject(overlay, found, object, { fieldManager: options.fieldManager }),
      ),
    update: (kind: Kind, object: never, options = {}) =>
      keeping(kind, options, found => updateObject(overlay, found, object, { ...options, part: 'main' })),
    updateStatus: (kind: Kind, object: never, options = {}) =>
      keeping(kind, options, found => updateObject(overlay, found, object, { ...options, part: 'status' })),
    modify: (kind: Kind, ref: ObjectRef, recipe: never, options = {}) =>
      keeping(kind, options, found =>
        modifyObject(overlay, found, ref, { ...options, recipe, part: 'main' }),
      ),
    modifyStatus: (kind: Kind, ref: ObjectRef, recipe: never, options = {}) =>
      keeping(kind, options, found =>
        modifyObject(overlay, found, ref, { ...options, recipe, part: 'status' }),
      ),
    patch: (kind: Kind, ref: ObjectRef, patch: unknown, options: PatchOptions) =>
      keeping(kind, options, found => patchObject(overlay, found, ref, { ...options, patch })),
    delete: (kind: Kind, ref: ObjectRef, options: DeleteOptions = {}) =>
      options.cascade === undefined
        ? deleteObject(overlay, table(kind), ref, options)
        : deleteWithDependents(overlay, table(kind), ref, options),
  }
  return tx as Transaction
}

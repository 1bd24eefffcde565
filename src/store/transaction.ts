import { UsageError } from '../core/index.js'
import type { Engine, Mutation } from './engine.js'
import type { KindTable } from './kind-table.js'
import type { Kind } from './kind.js'
import { compareObjects, listObjects } from './list.js'
import type { ObjectRef, StoredObject } from './object.js'
import { assertRef } from './object-name.js'
import { compileQuery, type Query } from './query.js'
import { assertSynchronous } from './recipe.js'
import type { ListOptions, Transaction } from './store.js'
import { createObject, deleteObject, modifyObject, updateObject } from './write.js'
import { mutationOf, type WriteSite } from './write-site.js'

/**
 * Runs `body` on a private overlay and commits the net effect of its writes under one revision. Inside
 * `engine.exclusive`, so nothing changes between its reads and its commit.
 */
export function runTransaction<T>(engine: Engine, body: (tx: Transaction) => T): T {
  const overlay = new Overlay(engine)
  const tx = transactionOn(overlay)
  try {
    const result = body(tx)
    assertSynchronous(result, 'the body of a transaction')
    overlay.commit()
    return result
  } finally {
    overlay.ended = true
  }
}

interface Slot {
  mutation: Mutation
}

/** The writes of a transaction, at most one per key. */
class Overlay implements WriteSite {
  readonly engine: Engine
  readonly revision: number
  ended = false
  /** In the order of the first write to each key. */
  private readonly mutations = new Set<Slot>()
  private readonly slots = new Map<KindTable, Map<string, Slot>>()

  constructor(engine: Engine) {
    this.engine = engine
    this.revision = engine.revision + 1
  }

  current(table: KindTable, ref: ObjectRef): StoredObject | undefined {
    const slot = this.slots.get(table)?.get(keyOf(ref))
    return slot === undefined ? this.committed(table, ref)?.head?.object : slot.mutation.after
  }

  committed(table: KindTable, { namespace, name }: ObjectRef): ReturnType<KindTable['find']> {
    return table.find(namespace, name)
  }

  stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void {
    const key = keyOf(ref)
    let slots = this.slots.get(table)
    const known = slots?.get(key)
    if (after === this.committed(table, ref)?.head?.object) {
      slots?.delete(key)
      if (known !== undefined) this.mutations.delete(known)
      return
    }
    const mutation = mutationOf(table, ref, after)
    if (known !== undefined) {
      known.mutation = mutation
      return
    }
    const slot: Slot = { mutation }
    if (slots === undefined) {
      slots = new Map()
      this.slots.set(table, slots)
    }
    slots.set(key, slot)
    this.mutations.add(slot)
  }

  list(table: KindTable, query: Query): StoredObject[] {
    const base = listObjects(table, query)
    const slots = this.slots.get(table)
    if (slots === undefined || slots.size === 0) return base
    const items = base.filter(object => !slots.has(keyOf(object.metadata)))
    for (const { mutation } of slots.values()) {
      if (mutation.after !== undefined && isMatch(mutation, query)) items.push(mutation.after)
    }
    return items.sort(compareObjects)
  }

  commit(): void {
    if (this.mutations.size > 0) this.engine.commit([...this.mutations].map(slot => slot.mutation))
  }

  assertRunning(): void {
    if (this.ended) throw new UsageError('this transaction has ended; its tx works only inside the body')
  }
}

function transactionOn(overlay: Overlay): Transaction {
  const { engine } = overlay
  const table = (kind: Kind): KindTable => {
    overlay.assertRunning()
    return engine.table(kind)
  }
  const tx: { [Method in keyof Transaction]: unknown } = {
    get revision() {
      return engine.revision
    },
    get: (kind: Kind, ref: ObjectRef) => {
      const found = table(kind)
      assertRef(found.kind, ref)
      return overlay.current(found, ref)
    },
    list: (kind: Kind, options: ListOptions = {}) => {
      const found = table(kind)
      return { revision: engine.revision, items: overlay.list(found, compileQuery(found.kind, options)) }
    },
    create: (kind: Kind, object: never) => createObject(overlay, table(kind), object),
    update: (kind: Kind, object: never, options = {}) =>
      updateObject(overlay, table(kind), object, { ...options, part: 'main' }),
    updateStatus: (kind: Kind, object: never, options = {}) =>
      updateObject(overlay, table(kind), object, { ...options, part: 'status' }),
    modify: (kind: Kind, ref: ObjectRef, recipe: never) =>
      modifyObject(overlay, table(kind), ref, { recipe, part: 'main' }),
    modifyStatus: (kind: Kind, ref: ObjectRef, recipe: never) =>
      modifyObject(overlay, table(kind), ref, { recipe, part: 'status' }),
    delete: (kind: Kind, ref: ObjectRef, options = {}) => deleteObject(overlay, table(kind), ref, options),
  }
  return tx as Transaction
}

function isMatch({ after, namespace, name, terms }: Mutation, query: Query): boolean {
  if (after === undefined) return false
  if (query.namespace !== undefined && query.namespace !== namespace) return false
  if (query.name !== undefined && query.name !== name) return false
  if (query.indexTerm !== undefined && !terms.indexes.includes(query.indexTerm)) return false
  return query.matches === undefined || query.matches(after)
}

function keyOf({ namespace, name }: ObjectRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

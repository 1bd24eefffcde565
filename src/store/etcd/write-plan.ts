import { KeelsonError } from '../../core/index.js'
import { nameOfTerm } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import type { WriteCause } from '../object/write-cause.js'
import type { Query } from '../read/query.js'
import type { ReadSet } from '../transaction/read-set.js'
import type { EtcdCompare, EtcdOperation } from './etcd-messages.js'
import type { KeySpace } from './key-space.js'
import { objectValue, pathOf, pathOfText } from './key-space.js'
import type { LifetimeReads } from './lifetime-reads.js'
import type { Mirror } from './mirror.js'
import type { SentObjects } from './sent-objects.js'

/** What etcd takes in one transaction, of compares and of operations, unless it was started with another number. */
const OPERATIONS_MAX = 128

const NO_CLAIMS: ReadonlyMap<string, undefined> = /* @__PURE__ */ new Map()

/** What one attempt to write has read, and what it would do. */
export interface WritePlan {
  /** The revision that was read. */
  readonly readAt: number
  /** What must still be so, as it was when this was decided. */
  readonly compares: readonly EtcdCompare[]
  readonly mutations: readonly Mutation[]
  /** Which lifetime an object has from now on; null: none. */
  readonly kept: ReadonlyMap<string, string | null>
  /** More to be done, for example a lifetime that begins. */
  readonly more?: readonly EtcdOperation[]
  readonly cause: WriteCause | undefined
}

/** What a decision is based on. */
export interface DecisionBase {
  readonly reads: ReadSet
  readonly mutations: readonly Mutation[]
  readonly lifetimes: LifetimeReads
}

/** A transaction of etcd. */
export interface EtcdTransaction {
  readonly compares: readonly EtcdCompare[]
  readonly operations: readonly EtcdOperation[]
}

/** What transactions are made with. */
export interface PlannerParts {
  readonly keys: KeySpace
  readonly mirror: Mirror
  readonly sent: SentObjects
}

/** Makes transactions of plans. */
export class WritePlanner {
  readonly #keys: KeySpace
  readonly #mirror: Mirror
  readonly #sent: SentObjects

  constructor({ keys, mirror, sent }: PlannerParts) {
    this.#keys = keys
    this.#mirror = mirror
    this.#sent = sent
  }

  /**
   * Does what was planned, if all that it is based on is still so.
   *
   * @throws KeelsonError `TooLarge`
   */
  transaction(plan: WritePlan): EtcdTransaction {
    const operations = this.#operations(plan)
    const { compares } = plan
    if (Math.max(operations.length, compares.length) > OPERATIONS_MAX) {
      this.#sent.forget(operations)
      throw tooMany(operations.length, compares.length)
    }
    return { compares, operations }
  }

  /**
   * What makes sure that all is as it was read: keys by their revision, also those that were not there; lists by the newest
   * revision in their range, and that of the last deletion of the kind. Asked for in the same go as the decision is made.
   */
  compares({ reads, mutations, lifetimes }: DecisionBase): readonly EtcdCompare[] {
    const compares: EtcdCompare[] = []
    this.#addReads(compares, reads)
    for (const id of lifetimes.ids)
      compares.push({
        key: this.#keys.lifetime(id),
        modRevision: this.#mirror.lifetime(id)?.modRevision ?? 0,
      })
    this.#addValues(compares, reads, mutations)
    return compares
  }

  #operations({ mutations, kept, more = [], cause }: WritePlan): EtcdOperation[] {
    const operations: EtcdOperation[] = [...more]
    let graves: Set<string> | undefined
    for (const mutation of mutations) {
      const { table, namespace, name, after } = mutation
      const path = pathOf(table, mutation)
      const key = this.#keys.object(path)
      if (after === undefined) {
        operations.push({ delete: key })
        graves ??= new Set()
        graves.add(this.#keys.deleted(table))
      } else {
        const value = Buffer.from(objectValue(after))
        operations.push({ put: key, value })
        this.#sent.add(key, value, after)
      }
      // What kept an object does not keep the next one of that name.
      const isOver = table.find(namespace, name)?.head?.object?.metadata.uid !== after?.metadata.uid
      if (isOver && this.#mirror.kept(path) !== undefined && !kept.has(path))
        operations.push({ delete: this.#keys.kept(path) })
    }
    for (const grave of graves ?? []) operations.push({ put: grave, value: '1' })
    for (const [key, holder] of this.#claims(mutations))
      operations.push(holder === undefined ? { delete: key } : { put: key, value: holder })
    for (const [path, lifetime] of kept) {
      const key = this.#keys.kept(path)
      if (lifetime !== null) operations.push({ put: key, value: JSON.stringify({ lifetime }) })
      else if (this.#mirror.kept(path) !== undefined) operations.push({ delete: key })
    }
    if (cause !== undefined && operations.length > 0)
      operations.push({ put: this.#keys.cause, value: JSON.stringify(cause) })
    return operations
  }

  #addReads(compares: EtcdCompare[], reads: ReadSet): void {
    let count = 0
    reads.keys.forEach(names => void (count += names.size))
    const notAfter = reads.revision
    reads.keys.forEach((names, table) => {
      // Many keys of a kind are cheaper as a range; that may refuse what need not be, and then it is tried again.
      if (count > OPERATIONS_MAX / 2 && names.size > 1)
        compares.push({ ...this.#keys.objectsOf(table), notAfter }, ...this.#noGrave(table, notAfter))
      else
        names.forEach((modRevision, text) => {
          compares.push({ key: this.#keys.object(pathOfText(table, text)), modRevision })
        })
    })
    reads.lists.forEach((queries, table) => {
      for (const namespace of namespacesOf(queries))
        compares.push({ ...this.#keys.objectsOf(table, namespace), notAfter })
      compares.push(...this.#noGrave(table, notAfter))
    })
  }

  #addValues(
    compares: EtcdCompare[],
    { engine, revision: notAfter }: ReadSet,
    mutations: readonly Mutation[],
  ): void {
    for (const [key, holder] of this.#claims(mutations))
      if (holder !== undefined) compares.push({ key, modRevision: this.#mirror.uniqueRevision(key) })
    // What is limited counts everything.
    if (engine.quotas !== undefined && mutations.some(({ after }) => after !== undefined))
      compares.push({ ...this.#keys.objects, notAfter })
  }

  /** Nothing of the kind was deleted since. */
  #noGrave(table: KindTable, notAfter: number): readonly EtcdCompare[] {
    const key = this.#keys.deleted(table)
    return [{ key, end: `${key}\u0000`, notAfter }]
  }

  /** The values of unique indexes that get a holder, or lose theirs. */
  #claims(mutations: readonly Mutation[]): ReadonlyMap<string, string | undefined> {
    if (mutations.every(({ table }) => table.kind.uniqueIndexes.length === 0)) return NO_CLAIMS
    const claims = new Map<string, string | undefined>()
    for (const mutation of mutations) {
      const { table, namespace, name, terms } = mutation
      const { uniqueIndexes } = table.kind
      const isUnique = (term: string): boolean => uniqueIndexes.includes(nameOfTerm(term))
      const before = (table.find(namespace, name)?.head?.terms ?? []).filter(isUnique)
      const after = terms.filter(isUnique)
      const path = pathOf(table, mutation)
      for (const term of before) {
        const key = this.#keys.unique(table, term)
        if (!after.includes(term) && !claims.has(key)) claims.set(key, undefined)
      }
      for (const term of after) if (!before.includes(term)) claims.set(this.#keys.unique(table, term), path)
    }
    return claims
  }
}

/** Undefined: all of them. */
function namespacesOf(queries: readonly Query[]): readonly (string | undefined)[] {
  const namespaces = new Set(queries.map(({ namespace }) => namespace))
  return namespaces.has(undefined) ? [undefined] : [...namespaces]
}

function tooMany(operations: number, compares: number): KeelsonError {
  const [count, what] =
    operations > OPERATIONS_MAX ? [operations, 'changes'] : [compares, 'checks of what it has read']
  return new KeelsonError({
    code: 'TooLarge',
    message:
      `the transaction needs ${count} ${what}, and etcd takes ${OPERATIONS_MAX}; write fewer objects at once, or read ` +
      'them with fewer lists',
    details: { operations, compares, operationsMax: OPERATIONS_MAX },
  })
}

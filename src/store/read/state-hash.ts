import { contentHash } from '../../core/index.js'
import type { KindTable } from '../engine/kind-table.js'
import type { RevisionLog } from '../engine/revision-log.js'
import type { StoredObject } from '../object/object.js'
import { listObjects } from './list.js'
import { EVERYTHING } from './query.js'

/** What a state hash is computed from. */
export interface StateHashParts {
  readonly log: RevisionLog
  readonly tables: readonly KindTable[]
}

/** For each digit of a hash, the sum of that digit over all objects. */
type Sum = readonly number[]

/**
 * Hashes of whole states. A state's hash comes from the sum of those of its objects, so it does not depend on their
 * order, and that of another revision is found by what has changed in between.
 */
export class StateHash {
  readonly #parts: StateHashParts
  readonly #byObject = new WeakMap<StoredObject, string>()
  #known: { readonly revision: number; readonly sum: Sum } | undefined

  constructor(parts: StateHashParts) {
    this.#parts = parts
  }

  /** The hash of a revision that can be read. */
  at(revision: number): string {
    const sum = this.#moved(revision) ?? this.#whole(revision)
    this.#known = { revision, sum }
    return contentHash(sum)
  }

  #whole(revision: number): Sum {
    const sum: number[] = []
    for (const table of this.#parts.tables) {
      for (const object of listObjects(table, EVERYTHING, { revision })) this.#add(sum, object, 1)
    }
    return sum
  }

  /** From the last hash, along the log; undefined where that leads outside of it. */
  #moved(revision: number): Sum | undefined {
    const { log } = this.#parts
    const known = this.#known
    if (known === undefined || Math.min(known.revision, revision) < log.oldestStart) return undefined
    const sign = known.revision <= revision ? 1 : -1
    const last = Math.max(known.revision, revision)
    const sum = [...known.sum]
    const first = Math.min(known.revision, revision)
    for (let record = log.after(first); record !== undefined; record = log.after(record.revision)) {
      if (record.revision > last) break
      for (const { before, after } of record.changes) {
        this.#add(sum, before, -sign)
        this.#add(sum, after, sign)
      }
    }
    // Nothing is the same as nothing left.
    return sum.some(digit => digit !== 0) ? sum : []
  }

  #add(sum: number[], object: StoredObject | undefined, sign: number): void {
    if (object === undefined) return
    let hash = this.#byObject.get(object)
    if (hash === undefined) {
      hash = contentHash(contentOf(object))
      this.#byObject.set(object, hash)
    }
    for (let digit = 0; digit < hash.length; digit++)
      sum[digit] = (sum[digit] ?? 0) + sign * hash.charCodeAt(digit)
  }
}

/** What was meant, without when and in which order it was written: no uid, revision, generation or time. */
function contentOf({ apiVersion, kind, metadata, spec, status }: StoredObject): object {
  const { namespace, name, labels, annotations, finalizers, deletionTimestamp } = metadata
  return {
    apiVersion,
    kind,
    name,
    labels,
    annotations,
    finalizers,
    deleting: deletionTimestamp !== undefined,
    owners: metadata.ownerReferences.map(({ uid: _uid, ...owner }) => owner),
    spec,
    ...(namespace === undefined ? {} : { namespace }),
    ...(status === undefined ? {} : { status }),
  }
}

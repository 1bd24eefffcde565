import { canonicalJson, encodeHash, hash64 } from '../core/index.js'
import type { KindTable } from './kind-table.js'
import { listObjects } from './list.js'
import type { StoredObject } from './object.js'
import { EVERYTHING } from './query.js'
import type { RevisionLog } from './revision-log.js'

/** What a state hash is computed from. */
export interface StateHashParts {
  readonly log: RevisionLog
  readonly tables: readonly KindTable[]
}

type Words = readonly [high: number, low: number]

/**
 * Hashes of whole states. A state's hash is the sum of those of its objects, so it does not depend on their order,
 * and that of another revision is found by what has changed in between.
 */
export class StateHash {
  private readonly parts: StateHashParts
  private readonly byObject = new WeakMap<StoredObject, Words>()
  private known: { readonly revision: number; readonly sum: Words } | undefined

  constructor(parts: StateHashParts) {
    this.parts = parts
  }

  /** The hash of a revision that can be read. */
  at(revision: number): string {
    const sum = this.moved(revision) ?? this.whole(revision)
    this.known = { revision, sum }
    return encodeHash(sum)
  }

  private whole(revision: number): Words {
    let sum: Words = [0, 0]
    for (const table of this.parts.tables) {
      for (const object of listObjects(table, EVERYTHING, { revision })) sum = plus(sum, this.of(object), 1)
    }
    return sum
  }

  /** From the last hash, along the log; undefined where that leads outside of it. */
  private moved(revision: number): Words | undefined {
    const { log } = this.parts
    const { known } = this
    if (known === undefined || Math.min(known.revision, revision) < log.oldestStart) return undefined
    const sign = known.revision <= revision ? 1 : -1
    const last = Math.max(known.revision, revision)
    let { sum } = known
    for (let at = Math.min(known.revision, revision) + 1; at <= last; at++) {
      for (const { before, after } of log.get(at)?.changes ?? []) {
        if (before !== undefined) sum = plus(sum, this.of(before), -sign)
        if (after !== undefined) sum = plus(sum, this.of(after), sign)
      }
    }
    return sum
  }

  private of(object: StoredObject): Words {
    let words = this.byObject.get(object)
    if (words === undefined) {
      words = hash64(canonicalJson(contentOf(object)))
      this.byObject.set(object, words)
    }
    return words
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

function plus([high, low]: Words, [otherHigh, otherLow]: Words, sign: number): Words {
  return [(high + sign * otherHigh) >>> 0, (low + sign * otherLow) >>> 0]
}

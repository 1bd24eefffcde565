import type { Kind, StoredObject } from '../../../store/index.js'

/** A number that is a part of a name of its own: that of `web-2`, or of `web-2-data`. */
const ORDINAL = /(?<=^|[-.])\d+(?=$|[-.])/g

/**
 * For the option `compared`: objects of these kinds are the same when their names differ in ordinals only, as those of a
 * rolling replacement do, which may end with `web-0` and `web-2`. How many there are, and everything else, counts.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { defineKind } from 'keelson/store'
 * import { withoutOrdinals } from 'keelson/testing'
 *
 * const Slot = defineKind({ apiVersion: 'example/v1', kind: 'Slot', plural: 'slots', namespaced: false })
 * const compared = withoutOrdinals(Slot)
 * assert.equal(typeof compared, 'function')
 * ```
 */
export function withoutOrdinals(...kinds: readonly Kind[]): (object: StoredObject) => StoredObject {
  const names = new Set(kinds.map(({ kind }) => kind))
  return object => {
    const { metadata } = object
    const ownerReferences = metadata.ownerReferences.map(owner =>
      names.has(owner.kind) ? { ...owner, name: masked(owner.name) } : owner,
    )
    const name = names.has(object.kind) ? masked(metadata.name) : metadata.name
    return { ...object, metadata: { ...metadata, name, ownerReferences } }
  }
}

function masked(name: string): string {
  return name.replaceAll(ORDINAL, '#')
}

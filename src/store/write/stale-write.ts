import type { Version } from '../engine/version.js'
import type { StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { ConflictError } from '../object/store-errors.js'

/** How far back a conflict looks for the version that the writer expected. */
const CHANGED_SINCE_STEPS = 100

/** The conflict of a write that expected another resourceVersion, with what has changed since. */
export function staleWrite(
  newest: Version | undefined,
  current: StoredObject,
  expected: string,
): ConflictError {
  const changed = newest === undefined ? undefined : changedSince(newest, current, expected)
  const actual = current.metadata.resourceVersion
  return new ConflictError(idOf(current), {
    field: 'resourceVersion',
    expected,
    actual,
    ...(changed === undefined ? {} : { changed }),
  })
}

function changedSince(
  newest: Version,
  current: StoredObject,
  expected: string,
): readonly string[] | undefined {
  let version: Version | undefined = newest
  for (let step = 0; version !== undefined && step < CHANGED_SINCE_STEPS; step++) {
    const old = version.object
    if (old?.metadata.resourceVersion === expected) return changedFields(old, current)
    version = version.previous
  }
  return undefined
}

/** Unchanged parts are shared between versions, so identity tells. */
function changedFields(old: StoredObject, current: StoredObject): readonly string[] {
  const fields: string[] = []
  if (old.metadata.uid !== current.metadata.uid) fields.push('metadata.uid')
  for (const part of [
    'labels',
    'annotations',
    'ownerReferences',
    'finalizers',
    'deletionTimestamp',
  ] as const) {
    if (old.metadata[part] !== current.metadata[part]) fields.push(`metadata.${part}`)
  }
  if (old.spec !== current.spec) fields.push('spec')
  if (old.status !== current.status) fields.push('status')
  return fields
}

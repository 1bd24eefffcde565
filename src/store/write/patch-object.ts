import { UsageError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import { mergeByKey } from '../apply/merge-by-key.js'
import type { KindTable } from '../engine/kind-table.js'
import type { JsonPatchOperation } from '../json/json-patch.js'
import { applyJsonPatch } from '../json/json-patch.js'
import { applyMergePatch } from '../json/merge-patch.js'
import { subjectOf } from '../kind/envelope.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { applyObject } from './apply-object.js'
import type { PatchWrite } from './object-write.js'
import type { PatchOptions } from './patch.js'
import type { Expected } from './preconditions.js'
import { assertPreconditions } from './preconditions.js'
import { reviseObject } from './update-object.js'
import type { WriteSite } from './write-site.js'

/**
 * Patches the object as it is now. A resourceVersion or uid that the patch sets is a precondition.
 *
 * @throws NotFoundError, ConflictError, JsonPatchError, ApplyConflictError, InvalidError; UsageError for unknown options
 */
export function patchObject(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  { patch, options }: PatchWrite,
): StoredObject {
  const { subresource, preconditions = {} } = options
  assertSubresource(subresource)
  const part = subresource ?? 'main'
  if (isApply(options)) {
    return applyObject(site, table, ref, { ...options, part, preconditions, applied: patch })
  }
  const { type, fieldManager } = options
  const revise = (current: StoredObject): unknown => {
    const revised = patched(table, current, type, patch)
    assertPreconditions(site, table, current, { ...claims(revised, current), guarded: part })
    return revised
  }
  return reviseObject(site, table, ref, { revise, part, preconditions, fieldManager })
}

function isApply(options: PatchOptions): options is PatchOptions<'apply'> {
  return options.type === 'apply'
}

function patched(table: KindTable, current: StoredObject, type: unknown, patch: unknown): unknown {
  switch (type) {
    case 'json':
      return applyJsonPatch(current, patch as readonly JsonPatchOperation[])
    case 'merge':
      return applyMergePatch(current, patch)
    case 'mergeByKey':
      return mergeByKey(current, patch, table.fieldType, subjectOf(table.kind, current))
    default:
      throw new UsageError(
        `the type of a patch must be json, merge, mergeByKey or apply, not ${String(type)}`,
        { type },
      )
  }
}

function assertSubresource(subresource: unknown): void {
  if (subresource === undefined || subresource === 'status') return
  throw new UsageError('the subresource of a patch must be status, or left out', { subresource })
}

/** What the patch says that the object should have been. */
function claims(revised: unknown, current: StoredObject): Omit<Expected, 'guarded'> {
  const metadata = isRecord(revised) ? revised['metadata'] : undefined
  const found: { uid?: unknown; resourceVersion?: unknown } = {}
  for (const field of ['uid', 'resourceVersion'] as const) {
    const value = isRecord(metadata) ? (metadata[field] ?? '') : ''
    if (value !== '' && value !== current.metadata[field]) found[field] = value
  }
  return found
}

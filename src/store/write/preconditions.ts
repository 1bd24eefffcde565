import { UsageError } from '../../core/index.js'
import type { KindTable } from '../engine/kind-table.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { BadRequestError, ConflictError, NotFoundError } from '../object/store-errors.js'
import { unmetField } from '../read/field-conditions.js'
import type { Guarded } from './freshness.js'
import { assertFresh, assertUid } from './freshness.js'
import type { Preconditions } from './write-options.js'
import type { WriteSite } from './write-site.js'

/** @throws NotFoundError */
export function existingObject(site: WriteSite, table: KindTable, ref: ObjectRef): StoredObject {
  const current = site.current(table, ref)
  if (current !== undefined) return current
  const { namespace, name } = ref
  throw new NotFoundError({ kind: table.kind.kind, name, ...(namespace === undefined ? {} : { namespace }) })
}

/** @throws UsageError */
export function assertStatusSubresource({ kind }: KindTable): void {
  if (kind.statusSubresource) return
  throw new UsageError(`${kind.kind} has no status subresource; write its status with update or modify`, {
    kind: kind.kind,
  })
}

/** What is expected of a stored object; it may come from a patch, where it can be anything. */
export type Expected = { readonly [Field in keyof Preconditions]?: unknown } & { readonly guarded: Guarded }

/** @throws ConflictError, InvalidError for what is no text, BadRequestError for a selector that is none */
export function assertPreconditions(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  { uid, resourceVersion, fieldSelector, guarded }: Expected,
): void {
  assertUid(current, uid)
  if (resourceVersion !== undefined) assertFresh(site, table, current, { expected: resourceVersion, guarded })
  if (fieldSelector !== undefined) assertFields(table, current, fieldSelector)
}

/** @throws ConflictError, BadRequestError */
function assertFields({ kind }: KindTable, current: StoredObject, selector: unknown): void {
  if (typeof selector !== 'string')
    throw new BadRequestError(`fieldSelector of preconditions must be text, not ${typeof selector}`, {
      selector,
    })
  const unmet = unmetField(kind, current, selector)
  if (unmet !== undefined) throw new ConflictError(idOf(current), unmet)
}

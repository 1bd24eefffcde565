import { admitDeletion } from '../admission/admit.js'
import type { KindTable } from '../engine/kind-table.js'
import { subjectOf } from '../kind/envelope.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { describeObject } from '../object/object.js'
import { partsOf } from '../object/object-parts.js'
import { assertDeleteOptions, decideDeletion } from './deletion.js'
import { assertPreconditions, existingObject } from './preconditions.js'
import { markObject, removeObject } from './put-object.js'
import type { DeleteOptions } from './write-options.js'
import type { WriteSite } from './write-site.js'

/** @throws NotFoundError, ConflictError, InvalidError for an option */
export function deleteObject(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  options: DeleteOptions,
): StoredObject {
  const { kind } = table
  assertDeleteOptions(options, describeObject({ kind: kind.kind, ...ref }))
  const current = existingObject(site, table, ref)
  assertPreconditions(site, table, current, { ...options.preconditions, guarded: 'whole' })
  admitDeletion(site, table, current, subjectOf(kind, current))
  return endObject(site, table, current, options)
}

/** What a delete does once it may. */
export function endObject(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  { gracePeriodSeconds, propagationPolicy }: DeleteOptions,
): StoredObject {
  const step = decideDeletion(current, {
    gracePeriodSeconds,
    propagationPolicy,
    defaultGraceSeconds: table.kind.gracePeriodSeconds,
    nowMs: site.engine.env.clock.now(),
  })
  switch (step.kind) {
    case 'waiting':
      return current
    case 'remove':
      return removeObject(site, table, current, current)
    case 'mark': {
      const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = step
      const marks = { deletionTimestamp, deletionGracePeriodSeconds, finalizers }
      return markObject(site, table, current, { ...partsOf(current), ...marks })
    }
  }
}

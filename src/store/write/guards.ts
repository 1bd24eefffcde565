import { InvalidError } from '../../core/index.js'
import { assertKnown, ownOptions } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import { checkedRef } from '../object/object-name.js'
import { existenceConflict } from '../object/store-errors.js'
import { GUARD } from './known-write-options.js'
import { assertPreconditions } from './preconditions.js'
import type { Guard, WriteOptions } from './write-options.js'
import type { WriteSite } from './write-site.js'

/** One write is judged against no more objects. */
const GUARDS_MAX = 100

/** @throws ConflictError that names the guard's object when one is not as expected; what `ownGuards` throws */
export function assertGuards(site: WriteSite, guards: readonly Guard[]): void {
  for (const { kind, ref, exists = true, ...preconditions } of ownGuards(site.engine, guards)) {
    const table = site.engine.table(kind)
    const object = site.current(table, ref)
    if ((object !== undefined) !== exists) throw existenceConflict({ kind: kind.kind, ...ref }, exists)
    if (object !== undefined) assertPreconditions(site, table, object, { ...preconditions, guarded: 'whole' })
  }
}

/**
 * The options as they are now, with their guards.
 *
 * @throws UsageError, InvalidError for a guard that could never hold
 */
export function ownWriteOptions<Options extends WriteOptions>(engine: Engine, options: Options): Options {
  if (options.guards === undefined) return ownOptions(options)
  return { ...ownOptions({ ...options, guards: undefined }), guards: ownGuards(engine, options.guards) }
}

function ownGuards(engine: Engine, guards: readonly Guard[]): readonly Guard[] {
  if (!Array.isArray(guards) || guards.length > GUARDS_MAX) {
    const message = `must be a list of at most ${GUARDS_MAX} guards`
    throw new InvalidError('write', [{ field: 'guards', value: guards, message }])
  }
  return guards.map((guard, index) => {
    assertKnown(guard, GUARD)
    const { kind } = engine.table(guard.kind)
    const { exists = true, uid, resourceVersion, fieldSelector } = guard
    if (typeof exists !== 'boolean') {
      const message = 'must be true or false'
      throw new InvalidError('write', [{ field: `guards[${index}].exists`, value: exists, message }])
    }
    if (!exists && [uid, resourceVersion, fieldSelector].some(condition => condition !== undefined)) {
      const message = 'goes without other conditions: what is not there cannot meet them'
      throw new InvalidError('write', [{ field: `guards[${index}].exists`, value: false, message }])
    }
    return {
      kind,
      ref: checkedRef(kind, guard.ref),
      exists,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    }
  })
}

import type { Engine } from '../engine/engine.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectRef } from '../object/object.js'
import { FencedError } from '../object/store-errors.js'

/** A writer's licence: an object whose resourceVersion must not have changed when a write commits. */
export interface Fence {
  readonly kind: Kind
  readonly ref: ObjectRef
  readonly resourceVersion: string
}

/** @throws FencedError when a fence no longer stands */
export function assertFences(engine: Engine, fences: readonly Fence[]): void {
  for (const { kind, ref, resourceVersion } of fences) {
    const object = engine.table(kind).find(ref.namespace, ref.name)?.head?.object
    const actual = object?.metadata.resourceVersion
    if (actual !== resourceVersion)
      throw new FencedError({ kind: kind.kind, ...ref }, resourceVersion, actual)
  }
}

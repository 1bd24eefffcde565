import { InvalidError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectRef } from '../object/object.js'
import { checkedRef } from '../object/object-name.js'
import { FencedError } from '../object/store-errors.js'

/** A writer's licence: an object whose resourceVersion must not have changed when a write commits. */
export interface Fence {
  readonly kind: Kind
  readonly ref: ObjectRef
  readonly resourceVersion: string
}

const FENCE_OPTIONS = /* @__PURE__ */ knownOptions<Fence>('fence', {
  kind: true,
  ref: true,
  resourceVersion: true,
})

/**
 * The fence as it is now.
 *
 * @throws UsageError, InvalidError for one that could never hold
 */
export function ownFence(engine: Engine, fence: Fence): Fence {
  assertKnown(fence, FENCE_OPTIONS)
  const { kind } = engine.table(fence.kind)
  const { resourceVersion } = fence
  const ref = checkedRef(kind, fence.ref)
  if (typeof resourceVersion !== 'string') {
    const message = 'must be that of the object as it was read, a text'
    throw new InvalidError('fence', [{ field: 'resourceVersion', value: resourceVersion, message }])
  }
  return { kind, ref, resourceVersion }
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

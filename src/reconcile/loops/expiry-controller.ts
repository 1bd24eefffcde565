import { isKeelsonError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Kind, PropagationPolicy, StoredObject } from '../../store/index.js'
import { requeueAfter } from '../attempt/result.js'
import { createController } from '../controller/controller.js'
import type { Controller } from '../controller/controller-contract.js'

/** How an expiry controller is made. */
export interface ExpiryControllerOptions<Spec, Status> {
  /** Default `expiry of <plural>`. */
  readonly name?: string
  readonly for: Kind<Spec, Status>
  /**
   * When the object has outlived its use, in epoch ms; undefined: not for now. Asked again after each change.
   * `finishedAt + ttlSecondsAfterFinished * 1000` is Kubernetes' TTL-after-finished.
   */
  expiresAtMs(object: StoredObject<Spec, Status>): number | undefined
  /** Default `Background`. */
  readonly propagationPolicy?: PropagationPolicy
}

const EXPIRY_OPTIONS = /* @__PURE__ */ knownOptions<ExpiryControllerOptions<unknown, unknown>>(
  'createExpiryController',
  { name: true, for: true, expiresAtMs: true, propagationPolicy: true },
)

/**
 * Deletes objects when their time has come. Unlike a store's `ttlMs`, the time may depend on what the object says.
 *
 * Guarantees: an object is deleted only in the very state that was judged; one that changed is judged again.
 */
export function createExpiryController<Spec, Status>(
  options: ExpiryControllerOptions<Spec, Status>,
): Controller {
  assertKnown(options, EXPIRY_OPTIONS)
  const { for: kind, name = `expiry of ${kind.plural}`, propagationPolicy = 'Background' } = options
  return createController({
    name,
    for: kind,
    async reconcile(key, object, { client, env }) {
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) return
      const atMs = options.expiresAtMs(object)
      if (atMs === undefined) return
      const leftMs = atMs - env.clock.now()
      if (leftMs > 0) return requeueAfter(leftMs)
      const { uid, resourceVersion } = object.metadata
      try {
        await client.delete(kind, key, { preconditions: { uid, resourceVersion }, propagationPolicy })
      } catch (error) {
        if (!isKeelsonError(error, 'NotFound')) throw error
      }
    },
  })
}

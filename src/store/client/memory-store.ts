import type { Env } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import type { OptionNames } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { EngineOptions } from '../engine/engine.js'
import { Engine } from '../engine/engine.js'
import type { Quota } from '../engine/quotas.js'
import type { StoreAdmissionHook } from '../kind/admission.js'
import type { Kind } from '../kind/kind.js'
import { assertWhole } from '../object/store-errors.js'
import type { Store } from './client.js'
import { storeOn } from './engine-client.js'

/** How many revisions a store keeps for watchers and readers that are behind, unless told otherwise. */
export const LOG_CAPACITY_DEFAULT = 100_000

/** What a store is made from. */
export interface StoreOptions {
  /** Every kind that the store will hold. */
  readonly kinds: readonly Kind[]
  /** Default: the real world. */
  readonly env?: Env
  /**
   * How many revisions are kept, ≥ 1. Default 100,000. A watcher further behind ends with `SlowConsumerError`;
   * a snapshot more than twice as far behind gives `ExpiredError`. Each kept revision holds on to the objects
   * that it replaced.
   */
  readonly logCapacity?: number
  /**
   * How long revisions are kept, ms ≥ 1; up to a sixteenth longer, and no more than `logCapacity` of them. Default: as
   * long as there is room.
   */
  readonly logAgeMaxMs?: number
  /**
   * How many bytes of JSON the objects may have that the kept revisions have replaced, ≥ 1; the oldest go first, a
   * sixteenth at a time, the newest stays. What versions share counts in each. Counting costs about a nanosecond for each
   * byte that is replaced. Default: any size.
   */
  readonly logBytesMax?: number
  /** Asked before each write, after the kind's own hooks of the same phase. Default none. */
  readonly admission?: readonly StoreAdmissionHook[]
  /**
   * How many bytes of JSON an object may have, ≥ 1; a larger one is refused with code `TooLarge`. Default: any
   * size. Counting costs about a nanosecond for each byte of an object that is written.
   */
  readonly objectBytesMax?: number
  /**
   * How many objects, or bytes of them, there may be of a kind, in a namespace or in all. A commit that would go beyond
   * one is refused with code `QuotaExceeded`, as a whole; what is beyond already may shrink, and be deleted. Default none.
   */
  readonly quotas?: readonly Quota[]
}

/** The names of all options, for stores that take more. */
export const STORE_NAMES: OptionNames<StoreOptions> = /* @__PURE__ */ Object.freeze({
  kinds: true,
  env: true,
  logCapacity: true,
  logAgeMaxMs: true,
  logBytesMax: true,
  admission: true,
  objectBytesMax: true,
  quotas: true,
})

const STORE_OPTIONS = /* @__PURE__ */ knownOptions<StoreOptions>('createStore', STORE_NAMES)

/**
 * A store in memory. Its own writes commit inside the call; those of `store.client(env)` are steps of that env.
 *
 * Guarantees: one order of revisions over all kinds, each one transaction; reads are synchronous and see every
 * committed write; objects are deeply frozen, and unchanged parts of two versions are the same objects.
 *
 * @throws UsageError when a kind is declared twice, a hook could never work, or a limit is not a positive integer
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Widget = defineKind<{ size: number }>({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const store = createStore({ kinds: [Widget] })
 *
 * const created = await store.create(Widget, { metadata: { namespace: 'default', name: 'a' }, spec: { size: 1 } })
 * await store.modify(Widget, created.metadata, draft => { draft.spec.size = 2 })
 * assert.equal(store.get(Widget, { namespace: 'default', name: 'a' })?.spec.size, 2)
 * ```
 */
export function createStore(options: StoreOptions): Store {
  assertKnown(options, STORE_OPTIONS)
  return storeOn(engineFor(options))
}

/** @throws UsageError as `createStore` */
export function engineFor(
  options: StoreOptions,
  begin: Pick<EngineOptions, 'start' | 'incarnation'> = {},
): Engine {
  const { kinds, env = systemEnv, logCapacity = LOG_CAPACITY_DEFAULT, admission = [], quotas = [] } = options
  const limits = {
    logCapacity,
    ...(options.objectBytesMax === undefined ? {} : { objectBytesMax: options.objectBytesMax }),
    ...(options.logAgeMaxMs === undefined ? {} : { logAgeMaxMs: options.logAgeMaxMs }),
    ...(options.logBytesMax === undefined ? {} : { logBytesMax: options.logBytesMax }),
  }
  for (const [name, limit] of Object.entries(limits)) {
    assertWhole(name, limit)
  }
  return new Engine({ kinds, env, admission, quotas: [...quotas], ...limits, ...begin })
}

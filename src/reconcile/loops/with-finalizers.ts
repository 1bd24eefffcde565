import { InvalidError, isKeelsonError, parseTime } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Kind, StoredObject } from '../../store/index.js'
import { refOf } from '../../store/internal.js'
import type { ReconcileContext } from '../attempt/reconcile-context.js'
import type { Result } from '../attempt/result.js'
import { requeueAfter } from '../attempt/result.js'
import type { Reconciler } from '../controller/controller-options.js'
import { inTime } from '../in-time.js'

/** Something outside the store that must go before the object may. */
export interface Finalizer<Spec, Status> {
  /** A qualified name, such as `example.com/volume`. */
  readonly name: string
  /**
   * Takes away what the object stands for. It may run again after it has succeeded, and may run although nothing
   * was ever made, so both must be harmless. Return `requeueAfter` when it has begun and is not over yet.
   */
  cleanup(object: StoredObject<Spec, Status>, ctx: ReconcileContext): Result | void | Promise<Result | void>
  /**
   * Gives up after this many ms since the deletion: the finalizer is removed although `cleanup` fails, asks to come back,
   * or does not end, and what is left behind is logged. A cleanup that did not fail before has 5 s even then. Default: never.
   */
  readonly forceAfterMs?: number
}

/** How finalizers are run. */
export interface FinalizersOptions {
  /** A deletion that is older, in ms, is logged as stuck, at each attempt, with what holds it. Default 300,000. */
  readonly stuckAfterMs?: number
}

const FINALIZERS_OPTIONS = /* @__PURE__ */ knownOptions<FinalizersOptions>('withFinalizers', {
  stuckAfterMs: true,
})
const FINALIZER_OPTIONS = /* @__PURE__ */ knownOptions<Finalizer<unknown, unknown>>('a finalizer', {
  name: true,
  cleanup: true,
  forceAfterMs: true,
})

/**
 * A reconciler that may make things outside the store, because it does not lose sight of them.
 *
 * Guarantees: `reconcile` never runs for an object whose finalizers are not stored yet, nor for one that is being
 * deleted; once it has run, every cleanup succeeds before the object goes, in the order given, each before its
 * finalizer is removed and the next begins. An object that was deleted and created again meanwhile is another one, by
 * its uid.
 *
 * @throws InvalidError for a name twice, and for times out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createController, createManager, withFinalizers } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Disk = defineKind({ apiVersion: 'example.com/v1', kind: 'Disk', plural: 'disks', namespaced: false })
 * const disks = new Set<string>()
 * const store = createStore({ kinds: [Disk] })
 * const manager = createManager({ client: store })
 * manager.add(createController({
 *   name: 'disks',
 *   for: Disk,
 *   reconcile: withFinalizers(
 *     Disk,
 *     [{ name: 'example.com/disk', cleanup: ({ metadata }) => void disks.delete(metadata.name) }],
 *     ({ name }, disk) => void (disk && disks.add(name)),
 *   ),
 * }))
 * await manager.start()
 * await store.create(Disk, { metadata: { name: 'a' }, spec: {} })
 * await manager.settled()
 * assert.deepEqual([...disks], ['a'])
 * await store.delete(Disk, { name: 'a' })
 * await manager.settled()
 * assert.deepEqual([...disks], [])
 * await manager.stop()
 * ```
 */
export function withFinalizers<Spec, Status>(
  kind: Kind<Spec, Status>,
  finalizers: readonly Finalizer<Spec, Status>[],
  reconcile: Reconciler<Spec, Status>,
  options: FinalizersOptions = {},
): Reconciler<Spec, Status> {
  assertKnown(options, FINALIZERS_OPTIONS)
  for (const finalizer of finalizers) assertKnown(finalizer, FINALIZER_OPTIONS)
  const { stuckAfterMs = 300_000 } = options
  checkFinalizers(finalizers, stuckAfterMs)
  return async (key, object, ctx) => {
    if (object === undefined) return reconcile(key, object, ctx)
    const isLeaving = object.metadata.deletionTimestamp !== undefined
    const now = isLeaving ? object : await addFinalizers(kind, finalizers, object, ctx)
    // Somebody may have stored the finalizers before, and deleted the object since it was read.
    if (now.metadata.deletionTimestamp === undefined) return reconcile(key, now, ctx)
    return cleanUp({ kind, finalizers, stuckAfterMs }, now, ctx)
  }
}

async function addFinalizers<Spec, Status>(
  kind: Kind<Spec, Status>,
  finalizers: readonly Finalizer<Spec, Status>[],
  object: StoredObject<Spec, Status>,
  { client }: ReconcileContext,
): Promise<StoredObject<Spec, Status>> {
  const { uid, finalizers: present } = object.metadata
  const missing = finalizers.map(({ name }) => name).filter(name => !present.includes(name))
  if (missing.length === 0) return object
  return client.modify(
    kind,
    refOf(object),
    draft => {
      const known = draft.metadata.finalizers
      draft.metadata.finalizers = [...known, ...missing.filter(name => !known.includes(name))]
    },
    { preconditions: { uid } },
  )
}

/** What one reconciler runs, complete. */
interface Cleanups<Spec, Status> {
  readonly kind: Kind<Spec, Status>
  readonly finalizers: readonly Finalizer<Spec, Status>[]
  readonly stuckAfterMs: number
}

async function cleanUp<Spec, Status>(
  { kind, finalizers, stuckAfterMs }: Cleanups<Spec, Status>,
  object: StoredObject<Spec, Status>,
  ctx: ReconcileContext,
): Promise<Result | void> {
  let left: StoredObject<Spec, Status> | undefined = object
  for (const finalizer of finalizers) {
    if (left?.metadata.finalizers.includes(finalizer.name) !== true) continue
    const ageMs = ctx.env.clock.now() - parseTime(left.metadata.deletionTimestamp ?? '')
    if (ageMs > stuckAfterMs)
      ctx.logger.warn({ finalizer: finalizer.name, ageMs }, 'a deletion is stuck: this finalizer holds it')
    const end = await endOf(finalizer, left, ageMs, ctx)
    if (end !== undefined) return end
    left = await removeFinalizer(kind, left, finalizer.name, ctx)
  }
}

/** For a cleanup whose time is over before it failed once. */
const LAST_TRY_MS = 5_000

/** Runs a cleanup: what follows, or undefined when it is over, or given up. */
async function endOf<Spec, Status>(
  finalizer: Finalizer<Spec, Status>,
  object: StoredObject<Spec, Status>,
  ageMs: number,
  ctx: ReconcileContext,
): Promise<Result | undefined> {
  const { name, forceAfterMs } = finalizer
  if (forceAfterMs === undefined) return (await finalizer.cleanup(object, ctx)) ?? undefined
  const leftMs = forceAfterMs - ageMs
  try {
    const cleanup = (async () => finalizer.cleanup(object, ctx))()
    const ended = await inTime(ctx.env, cleanup, Math.max(leftMs, ctx.attempt > 0 ? 0 : LAST_TRY_MS))
    const result = ended.kind === 'done' ? ended.value : undefined
    if (ended.kind === 'done' && result === undefined) return undefined
    if (leftMs > 0 && result !== undefined) return notLater(result, leftMs)
    ctx.logger.error({ finalizer: name, ageMs, result }, GAVE_UP)
  } catch (error) {
    if (leftMs > 0) throw error
    ctx.logger.error({ finalizer: name, ageMs, err: error }, GAVE_UP)
  }
  return undefined
}

const GAVE_UP = 'gave up a cleanup; something may be left behind'

function notLater(result: Result, leftMs: number): Result {
  return result.kind === 'requeueAfter' ? requeueAfter(Math.min(result.afterMs, leftMs)) : result
}

/** What is left of the object; undefined when it is gone. */
async function removeFinalizer<Spec, Status>(
  kind: Kind<Spec, Status>,
  object: StoredObject<Spec, Status>,
  name: string,
  { client }: ReconcileContext,
): Promise<StoredObject<Spec, Status> | undefined> {
  const { uid } = object.metadata
  // The cleanup may have done it itself, together with something else.
  const now = client.get(kind, refOf(object))
  if (now?.metadata.uid !== uid) return undefined
  if (!now.metadata.finalizers.includes(name)) return now
  try {
    return await client.modify(
      kind,
      refOf(object),
      draft => {
        draft.metadata.finalizers = draft.metadata.finalizers.filter(known => known !== name)
      },
      { preconditions: { uid } },
    )
  } catch (error) {
    if (isKeelsonError(error, 'NotFound')) return undefined
    throw error
  }
}

function checkFinalizers(
  finalizers: readonly { readonly name: string; readonly forceAfterMs?: number }[],
  stuckAfterMs: number,
): void {
  const problems: { field: string; value: unknown; message: string }[] = []
  const isTime = (ms: number): boolean => Number.isFinite(ms) && ms >= 0
  const message = 'must be a finite number of milliseconds ≥ 0'
  if (!isTime(stuckAfterMs)) problems.push({ field: 'stuckAfterMs', value: stuckAfterMs, message })
  for (const [index, { name, forceAfterMs = 0 }] of finalizers.entries()) {
    const field = `finalizers[${index}]`
    if (!name.includes('/'))
      problems.push({
        field: `${field}.name`,
        value: name,
        message: 'must be qualified: example.com/cleanup',
      })
    if (finalizers.findIndex(other => other.name === name) !== index)
      problems.push({ field: `${field}.name`, value: name, message: 'is in the list twice' })
    if (!isTime(forceAfterMs)) problems.push({ field: `${field}.forceAfterMs`, value: forceAfterMs, message })
  }
  if (problems.length > 0) throw new InvalidError('finalizers', problems)
}

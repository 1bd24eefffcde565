import type { Clock, Random } from '../../core/index.js'
import { backoffMs, isRecord } from '../../core/internal.js'
import type { PendingAdmission } from '../admission/admission-replies.js'
import { AdmissionReplies } from '../admission/admission-replies.js'
import type { Mutation } from '../engine/mutation.js'
import type { Change } from '../engine/revision-log.js'
import { objectAt } from '../engine/version.js'
import type { KeptObject } from '../lifetime/lifetime-keeper.js'
import type { StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { assertWhole, ConflictError, ExpiredError } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import { causeOf } from '../object/write-cause.js'
import type { WriteTarget } from '../write/write-site.js'
import { Overlay } from './overlay.js'
import { ReadSet } from './read-set.js'
import { OverlayTransaction } from './run-transaction.js'
import type { OptimisticOptions, Transaction } from './transaction.js'

/** How often a body runs, unless told otherwise. */
export const ATTEMPTS_DEFAULT = 5

/** The longest wait before the second attempt; it doubles with each further one. */
export const RETRY_DELAY_MS = 10

/** What an optimistic transaction runs in. */
export interface OptimisticShell {
  readonly target: WriteTarget
  readonly clock: Clock
  readonly random: Random
  /** Runs a commit with no other write in between. */
  submit<T>(commit: () => T): Promise<T>
}

/**
 * Runs `body` on a pinned revision and commits its writes if nothing that it has read was changed since; else
 * again, after a random part of a growing delay. Where an admission hook or a schema takes its time, the run is given
 * up, and the body runs again with the answer; that is no attempt of its own.
 */
export async function runOptimistic<T>(
  shell: OptimisticShell,
  body: (tx: Transaction) => T | PromiseLike<T>,
  options: OptimisticOptions & WriteCause,
): Promise<T> {
  const { attempts = ATTEMPTS_DEFAULT } = options
  assertWhole('attempts', attempts)
  const cause = causeOf(options)
  const replies = new AdmissionReplies()
  for (let attempt = 1; ; ) {
    const outcome = await attemptOnce(shell, body, { cause, replies })
    if ('result' in outcome) return outcome.result
    if ('pending' in outcome) {
      await Promise.all(outcome.pending.map(async one => replies.add(one, await one.reply)))
      // In a world that has ended meanwhile, the body does not run again.
      await shell.clock.sleep(0)
      continue
    }
    if (attempt === attempts) throw outcome.conflict
    await shell.clock.sleep(
      shell.random.next() * backoffMs({ baseMs: RETRY_DELAY_MS, maxMs: Number.POSITIVE_INFINITY }, attempt),
    )
    attempt++
  }
}

type Outcome<T> =
  | { readonly result: T }
  | { readonly conflict: Error }
  | { readonly pending: readonly PendingAdmission[] }

interface AttemptOptions {
  readonly cause: WriteCause | undefined
  readonly replies: AdmissionReplies
}

async function attemptOnce<T>(
  { target, submit }: OptimisticShell,
  body: (tx: Transaction) => T | PromiseLike<T>,
  { cause, replies }: AttemptOptions,
): Promise<Outcome<T>> {
  const { engine } = target
  engine.assertOpen()
  const { history, revision } = engine
  history.pin(revision)
  const reads = new ReadSet(engine, revision)
  const overlay = new Overlay(target, { base: reads, canWait: true, replies })
  try {
    const result = await body(new OverlayTransaction(overlay))
    overlay.ended = true
    const { mutations, kept, pending } = overlay
    // The body may have made something of the error; it was none.
    if (pending.length > 0) return { pending }
    // All reads are of one revision, so without writes there is nothing that could disagree with them.
    if (mutations.length === 0 && kept.length === 0) return { result }
    const commitOptimistic = (): Outcome<T> => commit(target, reads, { mutations, kept, cause, result })
    return await submit(commitOptimistic)
  } catch (error) {
    if (overlay.pending.length > 0) return { pending: overlay.pending }
    // Whether what was read has changed since can no longer be told, or it cannot even be read.
    if (error instanceof ExpiredError && revision < engine.log.oldestStart) return { conflict: error }
    throw error
  } finally {
    overlay.ended = true
    if (history.release(revision)) engine.compactor.cutFree()
  }
}

interface Work<T> {
  readonly mutations: readonly Mutation[]
  readonly kept: readonly KeptObject[]
  readonly cause: WriteCause | undefined
  readonly result: T
}

/** Commits what was decided on an older revision, if it would be decided again. */
function commit<T>(
  target: WriteTarget,
  reads: ReadSet,
  { mutations, kept, cause, result }: Work<T>,
): Outcome<T> {
  const { engine, lifetimes } = target
  const change = reads.firstChange()
  if (change !== undefined) return { conflict: conflictOf(change, reads.revision) }
  const now = new Overlay(target)
  let answer = result
  for (const mutation of mutations) {
    const { table, namespace, name, after } = mutation
    const stamped = after === undefined ? undefined : stampedWith(after, now.revision)
    now.stage(table, namespace === undefined ? { name } : { namespace, name }, stamped)
    if (after === result) answer = stamped as T
    else if (isProvisional(result, mutation, reads.revision + 1))
      answer = stampedWith(result, now.revision) as T
  }
  for (const { expiry } of kept) lifetimes.assertLive(expiry)
  if (mutations.length > 0) engine.commit(now.mutations, cause)
  for (const one of kept) lifetimes.keep(one)
  return { result: answer }
}

/** Whether a result is a state that the object of this mutation had within the transaction, a deleted one too. */
function isProvisional(
  result: unknown,
  { table, namespace, name }: Mutation,
  revision: number,
): result is StoredObject {
  if (!isRecord(result) || !isRecord(result['metadata'])) return false
  const { kind, apiVersion } = table.kind
  const { metadata } = result as unknown as StoredObject
  return (
    result['kind'] === kind &&
    result['apiVersion'] === apiVersion &&
    metadata.name === name &&
    metadata.namespace === namespace &&
    metadata.resourceVersion === String(revision)
  )
}

/** The same state under the revision in which it is committed. */
function stampedWith(object: StoredObject, revision: number): StoredObject {
  const resourceVersion = String(revision)
  if (object.metadata.resourceVersion === resourceVersion) return object
  return Object.freeze({ ...object, metadata: Object.freeze({ ...object.metadata, resourceVersion }) })
}

/** What the transaction has read is no more; `0` stands for an object that is not there. */
export function conflictOf({ entry, before, after }: Change, readAt: number): ConflictError {
  const object = (after ?? before) as StoredObject
  return new ConflictError(idOf(object), {
    field: 'resourceVersion',
    expected: objectAt(entry, readAt)?.metadata.resourceVersion ?? '0',
    actual: entry.head?.object?.metadata.resourceVersion ?? '0',
  })
}

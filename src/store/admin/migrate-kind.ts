import { isKeelsonError, UsageError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, deepEqual, knownOptions } from '../../core/internal.js'
import type { Store } from '../client/client.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectId, ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import { idOf, refOf } from '../object/object.js'
import { assertWhole } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import { listObjects } from '../read/list.js'
import { EVERYTHING } from '../read/query.js'
import type { Transaction } from '../transaction/transaction.js'

/**
 * What becomes of an object: its new state, or undefined where it stays as it is. It is pure, returns at once, and has
 * nothing to do for what it has returned itself, so that a migration may run again.
 */
export type MigrateFunction<Spec, Status> = (
  object: StoredObject<Spec, Status>,
) => ObjectInput<Spec, Status> | undefined

/** How a migration goes. */
export interface MigrateOptions extends WriteCause {
  /** True: everything is tried, and nothing written. Default false. */
  readonly dryRun?: boolean
  /** How many objects are in one transaction, 1 to 10,000. Default 100. */
  readonly batchSize?: number
  /** Objects up to this one are done: the `last` of a migration that was cut short. Default: none. */
  readonly after?: ObjectRef
  /** Called after each transaction. */
  readonly onProgress?: (progress: MigrationReport) => void
  /** Ends it between two transactions. */
  readonly signal?: AbortSignal
}

/** How far a migration has come. */
export interface MigrationReport {
  /** Objects that were there when it began. */
  readonly total: number
  readonly looked: number
  readonly changed: number
  readonly unchanged: number
  /** Objects whose new state was refused; they stay as they were. */
  readonly refused: number
  /** The first 100 of these. */
  readonly refusals: readonly { readonly object: ObjectId; readonly code: string; readonly text: string }[]
  readonly transactions: number
  /** The last object that was looked at, in the order of keys; absent when there is none. */
  readonly last?: ObjectRef
}

const MIGRATE_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<MigrateOptions>('migrate', {
  dryRun: true,
  batchSize: true,
  after: true,
  onProgress: true,
  signal: true,
  actor: true,
  reason: true,
  traceId: true,
})

const BATCH_SIZE = 100
const BATCH_SIZE_MAX = 10_000
const REFUSALS_MAX = 100

/** Rewrites the objects of a kind in the order of keys, a few in each transaction; others write in between. */
export async function migrateKind<Spec, Status>(
  { store, table }: { readonly store: Store; readonly table: KindTable },
  migrate: MigrateFunction<Spec, Status>,
  options: MigrateOptions,
): Promise<MigrationReport> {
  assertKnown(options, MIGRATE_OPTIONS)
  const { dryRun = false, batchSize = BATCH_SIZE, onProgress, signal, actor, reason, traceId } = options
  if (typeof migrate !== 'function')
    throw new UsageError('migrate needs a function that makes the new state of an object')
  assertWhole('batchSize', batchSize)
  if (batchSize > BATCH_SIZE_MAX)
    throw new UsageError(`batchSize must be at most ${BATCH_SIZE_MAX}, not ${batchSize}`, { batchSize })
  const cause = {
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(traceId === undefined ? {} : { traceId }),
  }
  const count = new MigrationCount(table.countObjects())
  let last = options.after
  for (;;) {
    signal?.throwIfAborted()
    const refs = nextRefs(table, last, batchSize)
    if (refs.length === 0) return count.report(last)
    const body = (tx: Transaction): readonly Outcome[] =>
      refs.map(ref => migrateOne(tx, table.kind as Kind<Spec, Status>, ref, migrate))
    const outcomes = dryRun
      ? (await store.transact(body, { dryRun: true })).result
      : await store.transact(body, cause)
    count.add(outcomes)
    last = refs.at(-1)
    onProgress?.(count.report(last))
    // Whoever waits has their turn.
    await store.env.clock.sleep(0, signal)
  }
}

type Outcome =
  | { readonly kind: 'absent' | 'changed' | 'unchanged' }
  | { readonly kind: 'refused'; readonly object: ObjectId; readonly code: string; readonly text: string }

function migrateOne<Spec, Status>(
  tx: Transaction,
  kind: Kind<Spec, Status>,
  ref: ObjectRef,
  migrate: MigrateFunction<Spec, Status>,
): Outcome {
  const object = tx.get(kind, ref)
  if (object === undefined) return { kind: 'absent' }
  try {
    const next = migrate(object)
    if (next === undefined) return { kind: 'unchanged' }
    const { resourceVersion } = object.metadata
    const metadata = { ...next.metadata, resourceVersion }
    let written = tx.update(kind, { ...next, metadata })
    const { status } = next
    if (kind.statusSubresource && !deepEqual(status, written.status))
      written = tx.modifyStatus(kind, ref, draft => {
        if (status === undefined) Reflect.deleteProperty(draft, 'status')
        else Object.assign(draft, { status })
      })
    return { kind: written === object ? 'unchanged' : 'changed' }
  } catch (error) {
    if (!isKeelsonError(error) || isKeelsonError(error, 'Closed', 'StorageFailed', 'Usage')) throw error
    return { kind: 'refused', object: idOf(object), code: error.code, text: error.message }
  }
}

function nextRefs(table: KindTable, after: ObjectRef | undefined, limit: number): readonly ObjectRef[] {
  const from =
    after === undefined ? {} : { after: { term: '', namespace: after.namespace ?? '', name: after.name } }
  return listObjects(table, EVERYTHING, { limit, ...from }).map(refOf)
}

class MigrationCount {
  readonly #total: number
  readonly #refusals: Extract<Outcome, { kind: 'refused' }>[] = []
  readonly #counts = { absent: 0, changed: 0, unchanged: 0, refused: 0 }
  #transactions = 0

  constructor(total: number) {
    this.#total = total
  }

  add(outcomes: readonly Outcome[]): void {
    this.#transactions++
    for (const outcome of outcomes) {
      this.#counts[outcome.kind]++
      if (outcome.kind === 'refused' && this.#refusals.length < REFUSALS_MAX) this.#refusals.push(outcome)
    }
  }

  report(last: ObjectRef | undefined): MigrationReport {
    const { changed, unchanged, refused } = this.#counts
    return {
      total: this.#total,
      looked: changed + unchanged + refused,
      changed,
      unchanged,
      refused,
      refusals: this.#refusals.map(({ object, code, text }) => ({ object, code, text })),
      transactions: this.#transactions,
      ...(last === undefined ? {} : { last }),
    }
  }
}

import type { Env } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, knownOptions, ownOptions } from '../../core/internal.js'
import type { AdmissionReplies } from '../admission/admission-replies.js'
import { PendingAdmission } from '../admission/admission-replies.js'
import type { Engine } from '../engine/engine.js'
import type { Kind } from '../kind/kind.js'
import type { Lifetimes } from '../lifetime/lifetimes.js'
import type { ObjectChange, ObjectRef, StoredObject } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { causeOf } from '../object/write-cause.js'
import { countGroups } from '../read/group-counts.js'
import { countList, listPage } from '../read/list-page.js'
import type { ListView } from '../read/list-view.js'
import { storeView } from '../read/list-view.js'
import type { ObjectRevision } from '../read/object-history.js'
import { objectHistory } from '../read/object-history.js'
import { parseRevision } from '../read/read-revision.js'
import type { ObjectList, ReadOptions } from '../read/reader.js'
import { runOptimistic } from '../transaction/optimistic.js'
import { perform } from '../transaction/perform.js'
import { runTransaction } from '../transaction/run-transaction.js'
import { openWatch } from '../watch/open-watch.js'
import type { Watch, WatchOptions } from '../watch/watch.js'
import {
  assertListener,
  COMMIT_LISTENER,
  committing,
  revisionSince,
  tellCommitted,
} from '../write/commit-listener.js'
import { assertWriteOptions, CAUSE_NAMES, WRITES } from '../write/known-write-options.js'
import type { ObjectWrite } from '../write/object-write.js'
import type { WriteOptions } from '../write/write-options.js'
import type { WriteSite } from '../write/write-site.js'
import { DirectSite, DryRunSite } from '../write/write-site.js'
import { aboutWrite, capturedPatch, capturedWrite } from './captured-write.js'
import type { Client, ClientOptions, Store } from './client.js'
import { ClientLifetimes } from './client-lifetimes.js'
import type { ClientWrite, OptimisticWrite, TransactWrite } from './client-write.js'
import type { Fence } from './fence.js'
import { ownFence } from './fence.js'
import { takeSnapshot } from './pinned-snapshot.js'
import type { StoreParts } from './store-parts.js'
import { storeParts } from './store-parts.js'
import type { Commit, WritePathOptions } from './write-path.js'
import { WritePath } from './write-path.js'
import { WriterVerbs } from './writer-verbs.js'

const TRANSACT_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<TransactWrite['options']>('transact', {
  ...CAUSE_NAMES,
  ...COMMIT_LISTENER,
  dryRun: true,
})

const OPTIMISTIC_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<OptimisticWrite['options']>(
  'optimistic',
  {
    ...CAUSE_NAMES,
    ...COMMIT_LISTENER,
    attempts: true,
  },
)

/** @throws UsageError for options that the verb does not have, and a listener that cannot be called */
export function assertTransactOptions({ verb, options }: TransactWrite | OptimisticWrite): void {
  assertKnown(options, verb === 'transact' ? TRANSACT_OPTIONS : OPTIMISTIC_OPTIONS)
  assertListener(options)
}

const CLIENT_OPTIONS = /* @__PURE__ */ knownOptions<ClientOptions>('client', { fence: true })

/**
 * A client of an engine: reads go to the engine, writes along a path. Its functions are its own, so that they may be
 * taken out of it.
 */
class EngineClient extends WriterVerbs implements Client {
  readonly env: Env
  readonly lifetimes: Lifetimes
  /** Not `#engine`: an object that inherits from a client, with another `watch` say, must read it too. */
  protected readonly engine: Engine
  readonly #parts: StoreParts
  readonly #path: WritePath
  readonly #view: ListView
  readonly #fences: readonly Fence[]

  constructor(parts: StoreParts, options: WritePathOptions) {
    super()
    const { engine } = parts
    this.env = options.env
    this.engine = engine
    this.#parts = parts
    this.#fences = options.fences
    this.#path = new WritePath(engine, options)
    this.#view = storeView(engine)
    this.lifetimes = new ClientLifetimes(parts, this.#path)
  }

  /** Undefined for what is no client of an engine. */
  static partsOf(client: object): StoreParts | undefined {
    return #parts in client ? client.#parts : undefined
  }

  get revision(): number {
    return this.engine.revision
  }

  readonly get: Client['get'] = <Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef) => {
    const table = this.engine.table(kind)
    assertRef(table.kind, ref)
    const entry = table.space(ref.namespace)?.get(ref.name)
    return entry?.object as StoredObject<Spec, Status> | undefined
  }

  readonly list: Client['list'] = <Spec, Status>(kind: Kind<Spec, Status>, options: ReadOptions = {}) =>
    listPage(this.#view, this.engine.table(kind), options) as ObjectList<StoredObject<Spec, Status>>

  readonly count: Client['count'] = (kind, options = {}) =>
    countList(this.#view, this.engine.table(kind), options)

  readonly countBy: Client['countBy'] = (kind, by, options = {}) =>
    countGroups(this.#view, this.engine.table(kind), by, options)

  readonly snapshot: Client['snapshot'] = revision => takeSnapshot(this.#parts, revision, storeOn)

  readonly watch: Client['watch'] = (kinds: Kind | readonly Kind[], options: WatchOptions = {}) => {
    const { engine, env } = this
    return openWatch({ engine, env, owner: this.#path.owner }, kinds, options) as Watch<never>
  }

  readonly client: Client['client'] = (env, options: ClientOptions = {}) => {
    assertKnown(options, CLIENT_OPTIONS)
    const { fence } = options
    const fences = fence === undefined ? this.#fences : [...this.#fences, ownFence(this.engine, fence)]
    return new EngineClient(this.#parts, { env, commits: 'deferred', fences })
  }

  protected override write(write: ClientWrite): Promise<never> {
    if (write.verb === 'transact' || write.verb === 'optimistic') return this.#transact(write)
    if (!this.#path.isDirect) return this.#defer(write)
    const { engine } = this
    // No function of its own: whoever reads a stack finds the verb, and then what it means.
    try {
      assertWriteOptions(write, WRITES)
      const asked = write.verb === 'patch' ? capturedPatch(write) : write
      engine.begin()
      try {
        const before = engine.revision
        const result = perform(this.#site(write.options, { isCaptured: false }), asked)
        if (write.options.committed !== undefined)
          tellCommitted(engine, write.options, revisionSince(engine, before))
        return Promise.resolve(engine.acknowledged(result)) as Promise<never>
      } finally {
        engine.end()
      }
    } catch (error) {
      return error instanceof PendingAdmission ? this.#wait(error, write) : engine.refused(error)
    }
  }

  #defer(write: ObjectWrite): Promise<never> {
    try {
      assertWriteOptions(write, WRITES)
      const captured = capturedWrite(this.engine, write)
      return this.#path.submit(this.#commitOf(captured), () => aboutWrite(captured)) as Promise<never>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The rest of a direct write comes after the call. */
  async #wait(pending: PendingAdmission, write: ObjectWrite): Promise<never> {
    return this.#path.retry(pending, this.#commitOf(capturedWrite(this.engine, write))) as Promise<never>
  }

  #commitOf(captured: ObjectWrite): Commit<StoredObject> {
    // Named, so that a stack tells where a deferred write is done.
    const commitWrite: Commit<StoredObject> = replies => {
      const performCaptured = (): StoredObject =>
        perform(this.#site(captured.options, { replies, isCaptured: true }), captured)
      return committing(this.engine, captured.options, performCaptured)
    }
    return commitWrite
  }

  #transact(write: TransactWrite | OptimisticWrite): Promise<never> {
    const path = this.#path
    try {
      assertTransactOptions(write)
    } catch (error) {
      return Promise.reject(error)
    }
    if (write.verb === 'transact') {
      const { body } = write
      const options = ownOptions(write.options)
      const runBody = (): unknown => runTransaction(this.#parts, body, options)
      const commitTransaction = (): unknown => committing(this.engine, options, runBody)
      return path.submit(commitTransaction, () => ({ label: 'transact' })) as Promise<never>
    }
    return this.#optimistic(write) as Promise<never>
  }

  async #optimistic({ body, options }: OptimisticWrite): Promise<unknown> {
    const { engine } = this
    let revision: number | undefined
    const heard = { committed: (told: number | undefined): void => void (revision = told) }
    const submit = <T>(commit: () => T): Promise<T> =>
      this.#path.submit(
        () => committing(engine, heard, commit),
        () => ({ label: 'optimistic' }),
      )
    const shell = { target: this.#parts, clock: this.env.clock, random: engine.retries, submit }
    const result = await runOptimistic(shell, body, options)
    tellCommitted(engine, options, revision)
    return result
  }

  /** Where a write outside of a transaction happens. */
  #site(
    options: WriteOptions,
    {
      replies,
      isCaptured,
    }: { readonly replies?: AdmissionReplies | undefined; readonly isCaptured: boolean },
  ): WriteSite {
    const cause = causeOf(options)
    if (options.dryRun === true) return new DryRunSite(this.#parts, { replies, isCaptured })
    if (cause !== undefined || replies !== undefined)
      return new DirectSite(this.#parts, { cause, replies, isCaptured })
    return isCaptured ? this.#parts.capturedSite : this.#parts.site
  }
}

/** A client that can do to its engine what only its owner may. */
export class EngineStore extends EngineClient implements Store {
  readonly compact: Store['compact'] = async revision => {
    const { engine } = this
    const compact = parseRevision('revision', revision)
    const { durable } = engine.journal ?? {}
    // Who watches what is on the disk cannot have been told of more.
    if (durable !== undefined && durable.head < compact && compact <= engine.revision)
      await engine.journal?.settled()
    await engine.exclusive(() => {
      const done = engine.compactor.compact(compact)
      engine.journal?.note({ compact })
      return done
    })
    await engine.acknowledged(undefined)
  }

  readonly history: Store['history'] = <Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef) => {
    const table = this.engine.table(kind)
    assertRef(table.kind, ref)
    return objectHistory(table, ref, this.engine.log) as readonly ObjectRevision<Spec, Status>[]
  }

  /** See `changesSince`. */
  changesSince(revision: number): readonly ObjectChange[] | undefined {
    const { log } = this.engine
    if (revision < log.oldestStart) return undefined
    const changes: ObjectChange[] = []
    for (let record = log.after(revision); record !== undefined; record = log.after(record.revision))
      changes.push(...record.changes)
    return changes
  }

  readonly quotaUse: Store['quotaUse'] = () => {
    this.engine.assertOpen()
    return this.engine.quotas?.uses() ?? []
  }

  readonly close: Store['close'] = () => {
    this.engine.close()
    return Promise.resolve()
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * What was committed after that revision, in its order, for those who follow every change without a watch. Undefined
 * when the store does not remember all of it, or is none of memory.
 */
export function changesSince(store: Store, revision: number): readonly ObjectChange[] | undefined {
  return store instanceof EngineStore ? store.changesSince(revision) : undefined
}

/** What a store in memory, or one with a journal, is put together from; undefined for every other store. */
export function partsOf(store: Store): StoreParts | undefined {
  return EngineClient.partsOf(store)
}

/** The store whose own writes commit inside the call. */
export function storeOn(engine: Engine): Store {
  return storeOf(storeParts(engine))
}

export function storeOf(parts: StoreParts): Store {
  return new EngineStore(parts, { env: parts.engine.env, commits: 'direct', fences: [] })
}

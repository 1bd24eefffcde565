import type { Env, StepFate, StepInfo } from '../../core/index.js'
import type { AdmissionReplies } from '../admission/admission-replies.js'
import { awaitAdmission, PendingAdmission } from '../admission/admission-replies.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import { adoptJson } from '../json/json-border.js'
import { assertObject, subjectOf } from '../kind/envelope.js'
import type { Kind } from '../kind/kind.js'
import type { Leases, LifetimeOptions } from '../lease/leases.js'
import { lifetimeOf } from '../lease/lifetime.js'
import type { ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import { describeObject } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import type { WriteCause } from '../object/write-cause.js'
import { causeOf } from '../object/write-cause.js'
import { countList, listPage } from '../read/list-page.js'
import { storeView } from '../read/list-view.js'
import type { ReadOptions } from '../read/reader.js'
import { parseRevision } from '../read/revision-input.js'
import { deleteTree } from '../transaction/cascade.js'
import type { OptimisticShell } from '../transaction/optimistic.js'
import { runOptimistic } from '../transaction/optimistic.js'
import { runTransaction } from '../transaction/run-transaction.js'
import type { OptimisticOptions, Transaction } from '../transaction/transaction.js'
import { openWatch } from '../watch/open-watch.js'
import type { WatchOptions } from '../watch/watch.js'
import type { PatchOptions } from '../write/patch.js'
import { patchObject } from '../write/patch-object.js'
import { createObject, deleteObject, modifyObject, updateObject } from '../write/write.js'
import type { DeleteOptions, ModifyOptions, UpdateOptions, WriteOptions } from '../write/write-options.js'
import type { WriteSite } from '../write/write-site.js'
import { directSite, dryRunSite } from '../write/write-site.js'
import type { Client, ClientOptions, Store } from './client.js'
import type { ClientMembers, MembersOf } from './client-face.js'
import { ClientFace, StoreFace } from './client-face.js'
import type { Fence } from './fence.js'
import { assertFences } from './fence.js'
import { takeSnapshot } from './pinned-snapshot.js'
import type { StoreParts } from './store-parts.js'
import { storeParts } from './store-parts.js'

/** How a client's writes come to be. */
interface WritePath {
  /** Runs `write`, now or later, with no other write in between. `about` is asked only when it is a step. */
  submit<T>(write: () => T, about: () => Omit<StepInfo, 'kind'>): Promise<T>
  /** What must not change between the call and the write. */
  capture(kind: Kind, input: ObjectInput): ObjectInput
}

/** What a client is made from. */
export interface ClientParts {
  readonly store: StoreParts
  readonly env: Env
  /** `direct`: commits inside the call. `deferred`: each write is one step of `env`. */
  readonly commits: 'direct' | 'deferred'
  readonly fences: readonly Fence[]
}

/** Reads go to the engine; writes are checked against the fences when they commit. */
export function createClient(parts: ClientParts): Client {
  const client: MembersOf<Client> = new ClientFace(parts.store.engine, membersOf(parts))
  return client as Client
}

function membersOf(parts: ClientParts): ClientMembers {
  const { store, env, fences } = parts
  const { engine } = store
  const path = parts.commits === 'direct' ? directPath(parts) : deferredPath(parts)
  return {
    env,
    leases: leasesOf(store, path),
    reader: readerOf(engine),
    writer: writerOf(store, env, path),
    sights: {
      snapshot: (revision?: number | string) => takeSnapshot(store, revision, storeOn),
      watch: (kinds: Kind | readonly Kind[], options: WatchOptions = {}) =>
        openWatch({ engine, env, owner: ownerOf(parts) }, kinds, options),
      client: (other: Env, options: ClientOptions = {}) => {
        const added = options.fence === undefined ? [] : [checkedFence(engine, options.fence)]
        return createClient({ store, env: other, commits: 'deferred', fences: [...fences, ...added] })
      },
    },
  }
}

/** @throws UsageError, InvalidError for a fence that could never stand */
function checkedFence(engine: Engine, fence: Fence): Fence {
  assertRef(engine.table(fence.kind).kind, fence.ref)
  return fence
}

/** The store whose own writes commit inside the call. */
export function storeOn(engine: Engine): Store {
  const members = membersOf({ store: storeParts(engine), env: engine.env, commits: 'direct', fences: [] })
  const compact = async (revision: number | string): Promise<void> => {
    await engine.exclusive(() => engine.compactor.compact(parseRevision('revision', revision)))
  }
  const close = (): Promise<void> => {
    engine.close()
    return Promise.resolve()
  }
  const store: MembersOf<Store> = new StoreFace(engine, members, { compact, close })
  return store as Store
}

function readerOf(engine: Engine): ClientMembers['reader'] {
  const view = storeView(engine)
  return {
    get: (kind: Kind, ref: ObjectRef) => {
      const table = engine.table(kind)
      assertRef(table.kind, ref)
      return table.find(ref.namespace, ref.name)?.head?.object
    },
    list: (kind: Kind, options: ReadOptions = {}) => {
      return listPage(view, engine.table(kind), options)
    },
    count: (kind: Kind, options: ReadOptions = {}) => countList(view, engine.table(kind), options),
  }
}

function writerOf(store: StoreParts, env: Env, path: WritePath): ClientMembers['writer'] {
  const { engine } = store
  const { submit } = path
  const { put, change } = submissionsOf(engine, path)
  const shell: OptimisticShell = {
    target: store,
    clock: env.clock,
    random: engine.retries,
    submit: commit => submit(commit, () => ({ label: 'optimistic' })),
  }
  const { siteFor, keeping } = directWrites(store)
  return {
    create: (kind: Kind, object: ObjectInput, options: LifetimeOptions & WriteOptions = {}) =>
      put('create', kind, object, input =>
        keeping(kind, options, (site, table) =>
          createObject(site, table, input, { fieldManager: options.fieldManager }),
        ),
      ),
    update: (kind: Kind, object: ObjectInput, options: UpdateOptions & WriteOptions = {}) =>
      put('update', kind, object, input =>
        keeping(kind, options, (site, table) =>
          updateObject(site, table, input, { ...options, part: 'main' }),
        ),
      ),
    updateStatus: (kind: Kind, object: ObjectInput, options: UpdateOptions & WriteOptions = {}) =>
      put('updateStatus', kind, object, input =>
        keeping(kind, options, (site, table) =>
          updateObject(site, table, input, { ...options, part: 'status' }),
        ),
      ),
    modify: (kind: Kind, ref: ObjectRef, recipe: never, options: ModifyOptions & WriteOptions = {}) =>
      change('modify', kind, ref, fixed =>
        keeping(kind, options, (site, table) =>
          modifyObject(site, table, fixed, { ...options, recipe, part: 'main' }),
        ),
      ),
    modifyStatus: (kind: Kind, ref: ObjectRef, recipe: never, options: ModifyOptions & WriteOptions = {}) =>
      change('modifyStatus', kind, ref, fixed =>
        keeping(kind, options, (site, table) =>
          modifyObject(site, table, fixed, { ...options, recipe, part: 'status' }),
        ),
      ),
    patch: (kind: Kind, ref: ObjectRef, patch: unknown, options = {} as PatchOptions & WriteOptions) =>
      attempt(() => {
        const captured = adoptJson(patch, undefined, { subject: 'patch', field: 'patch' })
        return change('patch', kind, ref, fixed =>
          keeping(kind, options, (site, table) =>
            patchObject(site, table, fixed, { ...options, patch: captured }),
          ),
        )
      }),
    delete: (kind: Kind, ref: ObjectRef, options: DeleteOptions & WriteOptions = {}) =>
      change('delete', kind, ref, fixed =>
        options.cascade === undefined
          ? deleteObject(siteFor(options), engine.table(kind), fixed, options)
          : deleteTree(store, engine.table(kind), fixed, options),
      ),
    transact: (body: (tx: Transaction) => unknown, options: WriteOptions = {}) =>
      attempt(() =>
        submit(
          () => runTransaction(store, body, options),
          () => ({ label: 'transact' }),
        ),
      ),
    optimistic: (body: never, options: OptimisticOptions & WriteCause = {}) =>
      runOptimistic(shell, body, options),
  }
}

interface DirectWrites {
  siteFor(options: WriteOptions): WriteSite
  /** Writes one object, and keeps it for the lifetime that the options name. */
  keeping(
    kind: Kind,
    options: LifetimeOptions & WriteOptions,
    write: (site: WriteSite, table: KindTable) => StoredObject,
  ): StoredObject
}

function directWrites({ engine, leases }: StoreParts): DirectWrites {
  const plain = directSite(engine)
  const siteFor = (options: WriteOptions): WriteSite => {
    const cause = causeOf(options)
    if (options.dryRun === true) return dryRunSite(engine)
    return cause === undefined ? plain : directSite(engine, cause)
  }
  const keeping = (
    kind: Kind,
    options: LifetimeOptions & WriteOptions,
    write: (site: WriteSite, table: KindTable) => StoredObject,
  ): StoredObject => {
    const table = engine.table(kind)
    const lifetime = lifetimeOf(options)
    leases.assertLive(lifetime)
    const object = write(siteFor(options), table)
    if (lifetime !== undefined && options.dryRun !== true) leases.keep({ table, object, lifetime })
    return object
  }
  return { siteFor, keeping }
}

function leasesOf({ engine, leases }: StoreParts, { submit }: WritePath): Leases {
  const step = <T>(label: string, write: () => T): Promise<T> =>
    attempt(() => submit(write, () => ({ label })))
  return {
    get: id => {
      engine.assertOpen()
      return leases.get(id)
    },
    grant: options => step('grant a lease', () => leases.grant({ ...options })),
    renew: id => step(`renew lease ${id}`, () => leases.renew(id)),
    revoke: (id, cause = {}) => step(`revoke lease ${id}`, () => leases.revoke(id, causeOf(cause))),
  }
}

interface Submissions {
  /** Submits a write that comes with an object. */
  put(verb: string, kind: Kind, input: ObjectInput, write: (object: ObjectInput) => unknown): Promise<unknown>
  /** Submits a write that names its object. */
  change(verb: string, kind: Kind, ref: ObjectRef, write: (ref: ObjectRef) => unknown): Promise<unknown>
}

function submissionsOf(engine: Engine, { submit, capture }: WritePath): Submissions {
  return {
    put: (verb, kind, input, write) =>
      attempt(() => {
        engine.table(kind)
        const object = capture(kind, input)
        return submit(
          () => write(object),
          () => aboutInput(verb, kind, object),
        )
      }),
    change: (verb, kind, ref, write) =>
      attempt(() => {
        assertRef(engine.table(kind).kind, ref)
        const { namespace, name } = ref
        const fixed = namespace === undefined ? { name } : { namespace, name }
        return submit(
          () => write(fixed),
          () => aboutRef(verb, kind, fixed),
        )
      }),
  }
}

/** An error of the call is an error of its promise, wherever it is found. */
function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

function directPath(parts: ClientParts): WritePath {
  const { engine } = parts.store
  const held = deferredPath(parts)
  return {
    submit: (write, about) => {
      if (engine.pressure.holds(undefined)) return held.submit(write, about)
      try {
        return Promise.resolve(engine.exclusive(write))
      } catch (error) {
        if (!(error instanceof PendingAdmission)) throw error
        return awaitAdmission(error, replies => engine.exclusive(write, replies))
      }
    },
    capture: (kind, input) => (engine.pressure.holds(undefined) ? held.capture(kind, input) : input),
  }
}

/** For whom the writes are, as watchers that hold writes back see it. */
function ownerOf({ commits, env }: ClientParts): Env | undefined {
  return commits === 'direct' ? undefined : env
}

function deferredPath(parts: ClientParts): WritePath {
  const { env, fences } = parts
  const { engine } = parts.store
  const reads = fences.map(({ kind, ref }) => keyOf(kind, ref))
  const guarded = <T>(write: () => T, replies: AdmissionReplies | undefined): T =>
    engine.exclusive(() => {
      assertFences(engine, fences)
      return write()
    }, replies)
  const inStep = <T>(write: () => T, info: StepInfo, replies?: AdmissionReplies): Promise<T> =>
    new Promise((resolve, reject) => {
      const step = (fate?: StepFate): void => {
        if (fate?.kind === 'refused') return reject(fate.error)
        try {
          const result = guarded(write, replies)
          resolve(fate === undefined ? result : answered(fate, () => result))
        } catch (error) {
          const isPending = error instanceof PendingAdmission
          // The first attempt waits here; later ones tell those who wait.
          if (isPending && replies === undefined)
            resolve(awaitAdmission(error, answers => inStep(write, info, answers)))
          else if (isPending || fate === undefined) reject(error)
          else resolve(answered(fate, () => raise(error)))
        }
      }
      engine.pressure.whenFree(env, ownerOf(parts), () => env.tasks.defer(step, info))
    })
  return {
    submit: (write, about) => {
      const info = about()
      const all = info.writes === undefined ? info : { ...info, reads: [...reads, ...info.writes] }
      return inStep(write, { kind: 'commit', ...all })
    },
    capture: (kind, input) => {
      assertObject(kind, input)
      const { name, namespace } = input.metadata
      const stored = name === undefined ? undefined : engine.table(kind).find(namespace, name)?.head?.object
      return adoptJson(input, stored, { subject: subjectOf(kind, input), field: '' }) as ObjectInput
    },
  }
}

/** What the caller of a write is told that has happened, or has failed. */
async function answered<T>(fate: Exclude<StepFate, { kind: 'refused' }>, outcome: () => T): Promise<T> {
  if (fate.kind === 'lost') throw fate.error
  await fate.until
  return outcome()
}

function raise(error: unknown): never {
  throw error
}

function aboutInput(
  verb: string,
  kind: Kind,
  { metadata: { name, namespace, generateName } }: ObjectInput,
): Omit<StepInfo, 'kind'> {
  if (typeof name === 'string')
    return aboutRef(verb, kind, namespace === undefined ? { name } : { namespace, name })
  return { label: `${verb} ${kind.kind} ${generateName ?? ''}…` }
}

function aboutRef(verb: string, kind: Kind, ref: ObjectRef): Omit<StepInfo, 'kind'> {
  return { label: `${verb} ${describeObject({ kind: kind.kind, ...ref })}`, writes: [keyOf(kind, ref)] }
}

function keyOf(kind: Kind, { namespace, name }: ObjectRef): string {
  return namespace === undefined ? `${kind.kind}/${name}` : `${kind.kind}/${namespace}/${name}`
}

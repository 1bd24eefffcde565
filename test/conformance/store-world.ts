import { expect } from 'vitest'
import { Lease } from '../../src/api/index.js'
import { isKeelsonError } from '../../src/core/index.js'
import { createGarbageCollector, createManager } from '../../src/reconcile/index.js'
import { storeAdmin } from '../../src/store/admin/index.js'
import type {
  Fence,
  JsonSchema,
  Kind,
  ListOptions,
  ObjectInput,
  ObjectRef,
  PatchOptions,
  Reader,
  Snapshot,
  Store,
  StoredObject,
  Transaction,
  WatchBatch,
  WatchOptions,
} from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { NotFoundError } from '../../src/store/internal.js'
import type { SlowConsumerError } from '../../src/store/object/store-errors.js'
import { ConflictError } from '../../src/store/object/store-errors.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { kindOf } from '../fixtures/kinds.js'
import type { Election } from '../reconcile/election/candidates.js'
import { electionIn } from '../reconcile/election/candidates.js'
import { admissionFor } from './store-admission.js'
import type { ApplyStep } from './store-apply.js'
import { assertConflicts, Document, runApplyStep } from './store-apply.js'
import { performElection } from './store-election.js'
import { needsDisk, StoreLives } from './store-restart.js'
import type { Bindings } from './store-values.js'
import { assertMatch, evaluate } from './store-values.js'

/** One step of a case; which fields it has depends on `op`. */
export interface Step {
  readonly op: string
  readonly [field: string]: unknown
}

/** Fields that the runner understands, by operation. Any other is an operation of its own, `op.field`. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  revision: [],
  create: ['obj', 'lease', 'dryRun', 'fence'],
  update: ['obj', 'lease', 'dryRun', 'fence'],
  updateStatus: ['obj', 'lease', 'dryRun', 'fence'],
  get: ['at', 'key'],
  delete: ['key', 'preconditions', 'gracePeriodSeconds', 'propagationPolicy', 'dryRun'],
  list: [
    'at',
    'kind',
    'namespace',
    'labelSelector',
    'fieldSelector',
    'resourceVersion',
    'match',
    'limit',
    'continue',
  ],
  byIndex: ['at', 'kind', 'name', 'value'],
  watch: [
    'resumeToken',
    'id',
    'kind',
    'namespace',
    'name',
    'labelSelector',
    'resourceVersion',
    'sendInitialEvents',
    'bookmarks',
    'bufferLimit',
    'paused',
    'onEvent',
  ],
  resume: ['id'],
  lastBookmark: ['id'],
  clock: ['advanceMs'],
  eventCountPlus: ['id', 'of'],
  events: ['id', 'batches'],
  batches: ['id'],
  assertStream: ['id', 'invariants'],
  eventCount: ['id'],
  cancel: ['id'],
  throw: [],
  patch: ['key', 'type', 'patch', 'dryRun'],
  apply: ['manager', 'obj', 'force', 'adopt'],
  replaceAs: ['manager', 'obj'],
  grantLease: ['id', 'ttlSeconds'],
  keepAlive: ['id'],
  revokeLease: ['id'],
  snapshot: [],
  compact: ['revision'],
  txn: ['guards', 'ops'],
  txnScript: ['script'],
  beginOptimistic: ['id'],
  in: ['id', 'step'],
  commit: ['id'],
  repeat: ['step', 'times'],
  assertEqual: ['left', 'right'],
  mutateCallerCopy: ['of', 'path', 'value'],
  defineIndex: ['kind', 'name', 'path', 'unique'],
  defineSchema: ['kind', 'schema'],
  defineAdmission: ['kind', 'default', 'mutate', 'validate'],
  restart: ['mode', 'downMs'],
  checkpoint: [],
  backup: [],
  restore: ['from'],
  resumeToken: ['id'],
  dump: [],
  flipBit: ['record'],
  forEachTruncationOfLastRecord: ['then'],
}

/** Every operation that a case needs: `create`, or `list.limit` for a field that `list` does not know. */
export function operationsOf(steps: unknown): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk)
    if (typeof value !== 'object' || value === null) return
    if (typeof (value as Step).op === 'string')
      for (const name of operationsOfStep(value as Step)) found.add(name)
    Object.values(value).forEach(walk)
  }
  walk(steps)
  return found
}

function operationsOfStep(step: Step): readonly string[] {
  const known = FIELDS[step.op]
  if (known === undefined) return [step.op]
  const options = (step['options'] ?? {}) as object
  const given = [...Object.keys(step), ...Object.keys(options)]
  const plain = ['op', 'bind', 'expect', 'options', ...known]
  const rest = given.filter(field => !plain.includes(field))
  return [step.op, ...rest.map(field => `${step.op}.${field}`)]
}

interface SeenEvent {
  readonly type: string
  readonly object?: StoredObject
  readonly resourceVersion?: string
  readonly initialEventsEnd?: boolean
}

/** The error of the operation `throw`: a bug of a handler or of a transaction's body. */
class ThrownByCase extends Error {}

/** What was delivered at once. */
interface SeenBatch {
  readonly revision: number
  readonly events: SeenEvent[]
}

interface Watcher {
  readonly batches: SeenBatch[]
  /** Begins to read, where the watch was opened paused. */
  readonly resume: () => void
  readonly close: () => void
  readonly revision: () => number
  readonly requestProgress: () => void
  error?: unknown
}

/** The body of an optimistic transaction that waits for its next step. */
interface OpenTransaction {
  readonly tx: Transaction
  readonly commit: () => Promise<void>
}

/** A store, its watchers and what steps have bound; runs one case. */
export class World {
  readonly #env: VirtualEnv = createVirtualEnv()
  readonly #kinds: ReadonlyMap<string, Kind>
  /** Present for a case that needs a disk. */
  readonly #lives: StoreLives | undefined
  #store: Store
  readonly #election: Election
  readonly #bindings: Bindings = new Map()
  readonly #watchers = new Map<string, Watcher>()
  readonly #transactions = new Map<string, OpenTransaction>()

  constructor(steps: readonly Step[]) {
    this.#kinds = new Map(['Widget', 'Gadget'].map(name => [name, kindFor(name, steps)]))
    this.#store = createStore({ kinds: [Lease, ...this.#kinds.values(), Document], env: this.#env })
    this.#lives = needsDisk(steps)
      ? new StoreLives(this.#env, [Lease, ...this.#kinds.values(), Document])
      : undefined
    this.#election = electionIn(this.#env, this.#store)
  }

  async run(steps: readonly Step[]): Promise<void> {
    if (this.#lives !== undefined) this.#store = await this.#lives.open()
    for (const step of steps) await this.#step(step)
  }

  async #step(step: Step): Promise<void> {
    let result: unknown
    let failure: unknown
    try {
      result = await this.#perform(step)
    } catch (error) {
      if (!isKeelsonError(error) && !(error instanceof ThrownByCase)) throw error
      failure = error
    }
    this.#judge(step, result, failure)
  }

  #judge(step: Step, result: unknown, failure: unknown): void {
    this.#bindings.set('$now', this.#env.clock.now())
    const expected = evaluate(step['expect'], this.#bindings) as Record<string, unknown> | undefined
    if (expected?.['error'] !== undefined && step.op !== 'resume') {
      const asked = [expected['error'] as string | string[]].flat()
      const codes = asked.map(code => OUR_CODES[code] ?? code)
      if (codes.includes('Any')) return expect(failure, step.op).toBeInstanceOf(Error)
      const { code, problems } = (failure ?? {}) as { code?: string; problems?: readonly { field: string }[] }
      expect(codes, `${step.op} fails with ${String(code)}`).toContain(code)
      if (expected['conflicts'] !== undefined) assertConflicts(failure, expected['conflicts'])
      const path = expected['path']
      if (typeof path === 'string') expect(problems?.[0]?.field).toBe(path.slice(1).replaceAll('/', '.'))
      return
    }
    if (failure !== undefined) throw failure
    if (typeof step['bind'] === 'string') this.#bindings.set(step['bind'], result)
    if (step['expect'] !== undefined && !SELF_JUDGED.has(step.op))
      this.#assertResult(step, result, expected ?? {})
  }

  #assertResult(step: Step, result: unknown, expected: Record<string, unknown>): void {
    for (const [field, value] of Object.entries(expected)) {
      if (field === 'obj' && step.op !== 'apply' && step.op !== 'replaceAs')
        assertMatch(result, value, step.op)
      else if (field === 'items')
        expect(namesOf(result as { items: readonly StoredObject[] }, value as string[])).toEqual(value)
      else if (field === 'revision') expect(result).toBe(value)
      else if (field !== 'ok')
        assertMatch((result as Record<string, unknown>)[field], value, `${step.op}.${field}`)
    }
  }

  #perform(raw: Step): unknown {
    const step = WITH_STEPS.has(raw.op) ? raw : this.#evaluated(raw)
    switch (step.op) {
      case 'revision':
        return this.#store.revision
      case 'get':
      case 'list':
      case 'byIndex':
        return this.#read((step['at'] as Snapshot | undefined) ?? this.#store, step)
      case 'create':
      case 'update':
      case 'updateStatus': {
        const object = step['obj'] as ObjectInput
        const { fence, lease, ...rest } = (step['options'] ?? {}) as { fence?: Fence; lease?: string | null }
        const options = lease === undefined ? rest : { ...rest, lifetime: lease }
        if (fence !== undefined)
          return this.#env.run(() =>
            this.#store.client(this.#env, { fence })[step.op as 'create'](this.#kind(object.kind), object),
          )
        return this.#store[step.op](this.#kind(object.kind), object, options)
      }
      case 'delete': {
        const { kind, ...ref } = step['key'] as ObjectRef & { kind: string }
        return this.#store.delete(this.#kind(kind), ref, (step['options'] as object | undefined) ?? {})
      }
      case 'patch': {
        const { kind, ...ref } = step['key'] as ObjectRef & { kind: string }
        const options = { type: step['type'], ...(step['options'] as object | undefined) }
        return this.#store.patch(this.#kind(kind), ref, step['patch'] as never, options as PatchOptions)
      }
      case 'apply':
      case 'replaceAs':
        return runApplyStep(this.#store, step as ApplyStep)
      case 'snapshot':
        return this.#store.snapshot()
      case 'compact':
        return this.#store.compact(step['revision'] as number)
      case 'txn':
        return this.#store.transact(tx => this.#transaction(tx, step))
      case 'txnScript':
        return this.#store.transact(tx => this.#script(tx, step['script'] as readonly Step[]))
      case 'repeat':
        return this.#repeat(step)
      case 'beginOptimistic':
        return this.#begin(step)
      case 'in':
        return this.#script(this.#transactionOf(step).tx, [step['step'] as Step])
      case 'commit':
        return this.#transactionOf(step).commit()
      default:
        return this.#performOther(step)
    }
  }

  #performOther(step: Step): unknown {
    switch (step.op) {
      case 'watch':
        return this.#watch(step)
      case 'events':
        return this.#assertEvents(step)
      case 'eventCount':
        return this.#env
          .settle()
          .then(() => expect(eventsOf(this.#watcher(step))).toHaveLength(Number(step['expect'])))
      case 'eventCountPlus':
        return this.#assertEventsTogether(step)
      case 'batches':
        return this.#assertBatches(step)
      case 'assertStream':
        return this.#assertStream(step)
      case 'resume':
        return this.#resume(step)
      case 'lastBookmark':
        return eventsOf(this.#watcher(step)).findLast(({ type }) => type === 'BOOKMARK')
      case 'clock':
        return this.#env.advance(Number(step['advanceMs']))
      case 'grantLease':
      case 'keepAlive':
      case 'revokeLease':
        return this.#lease(step)
      case 'cancel':
        return this.#watcher(step).close()
      case 'throw':
        throw new ThrownByCase('thrown by the case')
      case 'assertEqual':
        return expect(step['left']).toEqual(step['right'])
      case 'mutateCallerCopy':
        return mutateCopy(this.#bindings.get(String(step['of'])), step)
      case 'defineIndex':
      case 'defineSchema':
      case 'defineAdmission':
        // Part of the kind from the beginning.
        return undefined
      case 'gc':
        return this.#collectGarbage()
      case 'resumeToken':
        return storeAdmin(this.#store).resumeToken(this.#watcher(step).revision())
      case 'restart':
      case 'checkpoint':
      case 'backup':
      case 'restore':
      case 'dump':
      case 'flipBit':
      case 'forEachTruncationOfLastRecord':
        return this.#onDisk(this.#lives as StoreLives, step)
      default:
        return performElection(this.#election, step)
    }
  }

  async #onDisk(
    lives: StoreLives,
    { op, downMs = 0, record, then, from, expect: expected }: Step,
  ): Promise<unknown> {
    switch (op) {
      case 'restart':
        this.#store = await lives.crash(Number(downMs))
        return undefined
      case 'checkpoint':
        return lives.checkpoint()
      case 'backup':
        return lives.backup()
      case 'restore':
        this.#store = await lives.restore(from as readonly string[])
        return undefined
      case 'dump': {
        const dump = lives.dump()
        if (expected !== undefined) expect(dump).toEqual((expected as { equals: unknown }).equals)
        return dump
      }
      case 'flipBit':
        return lives.flipBit(Number(record))
      default:
        return lives.forEachTruncation(async () => {
          for (const step of then as readonly Step[]) await this.#step(step)
        })
    }
  }

  async #lease({ op, id, ttlSeconds }: Step): Promise<unknown> {
    const { lifetimes } = this.#store
    const name = String(id)
    if (op === 'revokeLease') return lifetimes.revoke(name)
    const ttlMs = Number(ttlSeconds) * 1000
    const lease = await (op === 'grantLease' ? lifetimes.grant({ id: name, ttlMs }) : lifetimes.renew(name))
    return { ttlSeconds: lease.remainingMs / 1000 }
  }

  async #collectGarbage(): Promise<void> {
    const manager = createManager({ client: this.#store.client(this.#env) })
    manager.add(createGarbageCollector({ kinds: [...this.#kinds.values()] }))
    await this.#env.run(() => manager.start())
    await this.#env.run(() => manager.settled())
    await this.#env.run(() => manager.stop())
  }

  #read(reader: Reader, step: Step): unknown {
    if (step.op === 'get') {
      const { kind, ...ref } = step['key'] as ObjectRef & { kind: string }
      const found = reader.get(this.#kind(kind), ref)
      if (found === undefined) throw new NotFoundError({ kind, ...ref })
      return found
    }
    const { kind, name, value, at: _at, op, match, bind: _bind, expect: _expect, ...rest } = step
    const index = op === 'byIndex' ? { name, value } : undefined
    const given: object = { ...rest, resourceVersionMatch: match, index }
    const options = Object.fromEntries(Object.entries(given).filter(([, option]) => option !== undefined))
    const list = reader.list(this.#kind(kind), options as ListOptions)
    return { ...list, resourceVersion: String(list.revision) }
  }

  #transaction(tx: Transaction, { guards = [], ops }: Step): void {
    for (const guard of this.#evaluated(guards) as readonly {
      key: ObjectRef & { kind: string }
      resourceVersion: string
    }[]) {
      const { kind, ...ref } = guard.key
      const actual = tx.get(this.#kind(kind), ref)?.metadata.resourceVersion ?? '0'
      if (actual === guard.resourceVersion) continue
      throw new ConflictError(
        { kind, ...ref },
        { field: 'resourceVersion', expected: guard.resourceVersion, actual },
      )
    }
    for (const step of ops as readonly Step[]) this.#write(tx, this.#evaluated(step))
  }

  #begin({ id }: Step): void {
    let given: Transaction | undefined
    let finish = (): void => {}
    const body = (tx: Transaction): Promise<void> => {
      given = tx
      return new Promise(resolve => {
        finish = resolve
      })
    }
    const outcome = this.#store.optimistic(body, { attempts: 1 })
    const commit = (): Promise<void> => {
      finish()
      return outcome
    }
    this.#transactions.set(String(id), { tx: given as unknown as Transaction, commit })
  }

  #transactionOf({ id }: Step): OpenTransaction {
    const open = this.#transactions.get(String(id))
    if (open === undefined) throw new Error(`no transaction ${String(id)}`)
    return open
  }

  #script(tx: Transaction, steps: readonly (Step | { readonly outside: Step })[]): void {
    for (const each of steps) {
      const step = 'outside' in each ? (each['outside'] as Step) : each
      const reader = 'outside' in each ? this.#store : tx
      let result: unknown
      let failure: unknown
      try {
        const given = this.#evaluated(step as Step)
        result =
          FIELDS[given.op]?.includes('at') === true ? this.#read(reader, given) : this.#write(tx, given)
      } catch (error) {
        failure = error
      }
      this.#judge(step as Step, result, failure)
    }
  }

  #write(tx: Transaction, step: Step): unknown {
    if (step.op === 'throw') return this.#performOther(step)
    if (step.op === 'delete') {
      const { kind, ...ref } = step['key'] as ObjectRef & { kind: string }
      return tx.delete(this.#kind(kind), ref, (step['options'] as object | undefined) ?? {})
    }
    if (step.op !== 'create' && step.op !== 'update' && step.op !== 'updateStatus') {
      throw new Error(`no runner knows the operation ${step.op} in a transaction`)
    }
    const object = step['obj'] as ObjectInput
    const result = tx[step.op](this.#kind(object.kind), object)
    if (typeof step['bind'] === 'string') this.#bindings.set(step['bind'], result)
    return result
  }

  #watch(step: Step): void {
    const { id, kind, resumeToken, resourceVersion: since = resumeToken, paused, onEvent } = step
    const fields = ['namespace', 'name', 'labelSelector', 'sendInitialEvents', 'bookmarks', 'bufferLimit']
    const given = { ...Object.fromEntries(fields.map(field => [field, step[field]])), since }
    const options: WatchOptions = Object.fromEntries(
      Object.entries(given).filter(([, option]) => option !== undefined),
    )
    const kinds = kind === undefined ? [...this.#kinds.values()] : [this.#kind(kind)]
    const watch = this.#store.watch(kinds, options)
    const handler = (onEvent as { do: Step } | undefined)?.do
    const watcher: Watcher = {
      batches: [],
      resume: () => {
        watch.on(
          batch => {
            watcher.batches.push({ revision: batch.revision, events: inCaseWords(batch) })
            if (handler !== undefined) void this.#perform(handler)
          },
          error => {
            watcher.error = error
          },
        )
      },
      close: () => watch.close(),
      revision: () => watch.revision,
      requestProgress: () => watch.requestProgress(),
    }
    if (paused !== true) watcher.resume()
    this.#watchers.set(String(id), watcher)
  }

  async #resume(step: Step): Promise<object> {
    const watcher = this.#watcher(step)
    watcher.resume()
    await this.#env.settle()
    const delivered = eventsOf(watcher).length
    const { code, lastResourceVersion } = (watcher.error ?? {}) as Partial<SlowConsumerError>
    const result = { delivered, ...(code === undefined ? {} : { error: code, lastResourceVersion }) }
    if (step['expect'] !== undefined) assertMatch(result, step['expect'], 'resume')
    return result
  }

  async #assertEventsTogether(step: Step): Promise<void> {
    await this.#env.settle()
    const counts = [step['id'], step['of']].map(id => eventsOf(this.#watcher({ op: step.op, id })).length)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Number(step['expect']))
  }

  async #assertEvents(step: Step): Promise<void> {
    await this.#env.settle()
    const seen = takenFrom(this.#watcher(step)).map(({ events }) => events)
    if (step['expect'] !== undefined) assertMatch(seen.flat(), step['expect'], 'events')
    if (step['batches'] !== undefined) assertMatch(seen, step['batches'], 'batches')
  }

  async #assertBatches(step: Step): Promise<void> {
    await this.#env.settle()
    assertMatch(takenFrom(this.#watcher(step)), step['expect'], 'batches')
  }

  async #assertStream(step: Step): Promise<void> {
    const { batches, requestProgress } = this.#watcher(step)
    // A watch that has told everything needs no bookmark; one is asked for, so that there is one to judge.
    requestProgress()
    await this.#env.settle()
    expect(batches.at(-1)?.events).toMatchObject([{ type: 'BOOKMARK' }])
    for (const name of step['invariants'] as readonly string[]) {
      const holds = STREAM_INVARIANTS[name]
      if (holds === undefined) throw new Error(`no runner knows the invariant ${name}`)
      for (const [at, batch] of batches.entries()) expect(holds(batch, batches.slice(0, at)), name).toBe(true)
    }
  }

  async #repeat(step: Step): Promise<void> {
    for (let counter = 0; counter < Number(step['times']); counter++) {
      this.#bindings.set('$counter', counter)
      await this.#step(step['step'] as Step)
    }
  }

  #watcher({ id }: Step): Watcher {
    const watcher = this.#watchers.get(String(id))
    if (watcher === undefined) throw new Error(`no watch ${String(id)}`)
    return watcher
  }

  #kind(name: unknown): Kind {
    const kind = this.#kinds.get(String(name))
    if (kind === undefined) throw new Error(`no kind ${String(name)}`)
    return kind
  }

  #evaluated<T>(value: T): T {
    return evaluate(value, this.#bindings) as T
  }
}

/** Codes that have another name here. */
const OUR_CODES: Readonly<Record<string, string>> = { LeaseNotFound: 'LifetimeNotFound' }

/** Operations made of steps, each of which is evaluated when it runs. */
const WITH_STEPS: ReadonlySet<string> = new Set([
  'txn',
  'txnScript',
  'in',
  'repeat',
  'forEachTruncationOfLastRecord',
])

/** Operations whose `expect` is compared where they run. */
const SELF_JUDGED: ReadonlySet<string> = new Set([
  'dump',
  'events',
  'eventCount',
  'eventCountPlus',
  'batches',
  'resume',
  'txn',
  'txnScript',
  'isLeading',
])

/** What holds of each batch of a watch and those before it. */
const STREAM_INVARIANTS: Readonly<
  Record<string, (batch: SeenBatch, before: readonly SeenBatch[]) => boolean>
> = {
  revisionsNonDecreasing: ({ revision }, before) => before.every(earlier => earlier.revision <= revision),
  // A revision comes in one batch, so that no bookmark can stand between its events.
  bookmarkNotInsideRevision: ({ events }) =>
    events.slice(0, -1).every(({ type }) => type !== 'BOOKMARK') ||
    events.every(({ type }) => type === 'BOOKMARK'),
  bookmarkGEPriorEvents: ({ events }, before) =>
    events
      .filter(({ type }) => type === 'BOOKMARK')
      .every(({ resourceVersion }) =>
        before
          .flatMap(earlier => earlier.events)
          .every(({ object }) => Number(object?.metadata.resourceVersion ?? 0) <= Number(resourceVersion)),
      ),
}

function kindFor(name: string, steps: readonly Step[]): Kind {
  const own = steps.filter(step => step['kind'] === name)
  const schema = own.find(step => step.op === 'defineSchema')?.['schema'] as JsonSchema | undefined
  const indexes = own
    .filter(step => step.op === 'defineIndex')
    .map(
      step => [String(step['name']), (object: StoredObject) => textAt(object, String(step['path']))] as const,
    )
  return kindOf(name, {
    apiVersion: 'example.com/v1',
    statusSubresource: name === 'Widget',
    indexes: Object.fromEntries(indexes),
    uniqueIndexes: own
      .filter(step => step.op === 'defineIndex' && step['unique'] === true)
      .map(step => String(step['name'])),
    admission: admissionFor(name, steps),
    ...(schema === undefined ? {} : { schema }),
    ...(expectsGrace(steps) ? { gracePeriodSeconds: 0 } : {}),
  })
}

/** A kind deletes gracefully where the case expects that it does. */
function expectsGrace(steps: readonly Step[]): boolean {
  return /"deletionGracePeriodSeconds":[1-9]/.test(JSON.stringify(steps))
}

function textAt(object: StoredObject, path: string): string | undefined {
  const value = path
    .split('/')
    .slice(1)
    .reduce<unknown>((part, field) => (part as Record<string, unknown> | undefined)?.[field], object)
  return typeof value === 'string' ? value : undefined
}

function eventsOf({ batches }: Watcher): readonly SeenEvent[] {
  return batches.flatMap(({ events }) => events)
}

/** What has come since this was asked last, in the words of the cases. */
function takenFrom({ batches }: Watcher): readonly { revision: number; events: readonly object[] }[] {
  return batches.splice(0).map(({ revision, events }) => ({
    revision,
    events: events.map(({ object, ...event }) => ({ ...event, obj: object })),
  }))
}

function inCaseWords({
  revision,
  events,
  initialEventsEnd,
  bookmark,
}: WatchBatch<StoredObject>): SeenEvent[] {
  const seen: SeenEvent[] = events.map(({ type, object }) => ({ type, object }))
  if (initialEventsEnd === true)
    seen.push({ type: 'BOOKMARK', resourceVersion: String(revision), initialEventsEnd })
  if (bookmark === true) seen.push({ type: 'BOOKMARK', resourceVersion: String(revision) })
  return seen
}

/** Names, or namespace/name where the case writes them so. */
function namesOf({ items }: { readonly items: readonly StoredObject[] }, like: readonly string[]): string[] {
  const long = like.some(name => name.includes('/'))
  return items.map(({ metadata: { namespace, name } }) => (long ? `${namespace}/${name}` : name))
}

/** Frozen results refuse the change, which is what the case is about. */
function mutateCopy(object: unknown, { path, value }: Step): void {
  const fields = String(path).split('/').slice(1)
  const last = fields.pop() ?? ''
  const parent = fields.reduce<unknown>((part, field) => (part as Record<string, unknown>)[field], object)
  expect(() => Object.assign(parent as object, { [last]: value })).toThrow(TypeError)
}

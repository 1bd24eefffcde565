import type { Env, StepInfo } from '../../core/index.js'
import { isKeelsonError, KeelsonError } from '../../core/index.js'
import type { SharedTimeout } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import { AdmissionReplies, PendingAdmission } from '../admission/admission-replies.js'
import type { Fence } from '../client/fence.js'
import { assertFences } from '../client/fence.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import type { KeptObject } from '../lifetime/lifetime-keeper.js'
import { refOf } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'
import { EVERYTHING } from '../read/query.js'
import type { Replica } from '../replica/replica.js'
import { ReadSet } from '../transaction/read-set.js'
import type { CommitListener } from '../write/commit-listener.js'
import { tellCommitted } from '../write/commit-listener.js'
import type { EtcdCalls } from './etcd-connection.js'
import type { EtcdOperation } from './etcd-messages.js'
import { pathOf } from './key-space.js'
import { LifetimeReads } from './lifetime-reads.js'
import { stamped } from './result-stamp.js'
import type { DecisionBase, PlannerParts, WritePlan } from './write-plan.js'
import { WritePlanner } from './write-plan.js'

/** The pauses between attempts that others were faster than. */
const RETRY_BASE_MS = 2
const RETRY_MAX_MS = 200

const NOTHING_KEPT: ReadonlyMap<string, null> = /* @__PURE__ */ new Map()

/** What an attempt has to do it with; everything that it reads is checked by the commit. */
export interface AttemptSite {
  readonly reads: ReadSet
  readonly lifetimes: LifetimeReads
  /** Answers that were waited for; undefined before there is one. */
  readonly replies: AdmissionReplies | undefined
}

/** What an attempt wants to be done. */
export interface AttemptResult<T> {
  readonly result: T
  readonly mutations: readonly Mutation[]
  readonly kept: readonly KeptObject[]
  /** Lifetimes and objects that are let go of, and what else is written. */
  readonly released?: readonly string[]
  readonly more?: readonly EtcdOperation[]
}

/** One write, which may take several attempts. */
export interface CommitRequest<T> extends CommitListener {
  /** Decides purely from what is here now, in one go. What it throws is the outcome, if what it has read is still so. */
  readonly attempt: (site: AttemptSite) => AttemptResult<T>
  readonly fences: readonly Fence[]
  readonly cause: WriteCause | undefined
  /** Nothing is written. */
  readonly dryRun?: boolean
  /** Each attempt is a step of this env. Default: it is made inside the call, or whenever the one before has failed. */
  readonly steps?: { readonly env: Env; readonly about: StepInfo } | undefined
}

/** Whose writes they are: those of the store itself begin inside the call, those of an env are its steps. */
export interface EtcdWriter {
  readonly steps: Env | undefined
  readonly fences: readonly Fence[]
}

/** What writes of a store in etcd are made with. */
export interface CommitterParts extends PlannerParts {
  readonly connection: EtcdCalls
  readonly replica: Replica
  /** How long a write is tried against others, and how long one that is committed may take to arrive here. */
  readonly contention: SharedTimeout
}

/** What a body that awaits has read and wants. */
export interface DecidedWrite<T> {
  readonly reads: ReadSet
  readonly outcome: AttemptResult<T>
  readonly lifetimes: LifetimeReads
}

/** What a write came to; without a revision it has changed no object. */
export interface Done<T> {
  readonly result: T
  readonly revision: number | undefined
}

type Decided<T> =
  | { readonly kind: 'decided'; readonly outcome: AttemptResult<T>; readonly plan: WritePlan }
  | { readonly kind: 'refused'; readonly error: unknown; readonly plan: WritePlan }

type Decision<T> = Decided<T> | { readonly kind: 'pending'; readonly pending: PendingAdmission }

/**
 * Writes by compare-and-swap: decides on the replica, has etcd do it if all that was read is still so, and waits until
 * the replica shows it. A refusal counts only if what it is based on is still so.
 */
export class Committer {
  readonly #parts: CommitterParts
  readonly #planner: WritePlanner

  constructor(parts: CommitterParts) {
    this.#parts = parts
    this.#planner = new WritePlanner(parts)
  }

  async commit<T>(request: CommitRequest<T>): Promise<T> {
    const { replica, contention } = this.#parts
    const { clock } = replica.parts.engine.env
    const untilMs = clock.monotonic() + contention.ms
    let replies: AdmissionReplies | undefined
    for (let attempt = 1; ; ) {
      const deciding = this.#begin(request.steps, () => this.#attempt(request, replies))
      const decision = deciding instanceof Promise ? await deciding : deciding
      if (decision.kind === 'pending') {
        replies ??= new AdmissionReplies()
        replies.add(decision.pending, await decision.pending.reply)
        continue
      }
      if (decision.kind === 'decided' && request.dryRun === true) {
        tellCommitted(replica.parts.engine, request, undefined)
        return decision.outcome.result
      }
      const at = await this.#carryOut(decision)
      if (at !== undefined) {
        const { result, revision } = this.#done(decision, at)
        tellCommitted(replica.parts.engine, request, revision)
        return result
      }
      if (clock.monotonic() >= untilMs) throw contended(contention.ms, attempt)
      await this.#pause(decision.plan.readAt, attempt++)
    }
  }

  /** Has etcd do what was decided before, on an older state; undefined when something that was read is not as it was. */
  async commitDecided<T>(
    { reads, outcome, lifetimes }: DecidedWrite<T>,
    request: Pick<CommitRequest<T>, 'fences' | 'cause' | 'steps'>,
  ): Promise<Done<T> | undefined> {
    const { engine } = this.#parts.replica.parts
    const decision = await this.#begin(request.steps, (): Decided<T> => {
      try {
        readFences(reads, request.fences)
        assertFences(engine, request.fences)
        assertFits(reads, outcome.mutations)
        return { kind: 'decided', outcome, plan: this.#planOf(outcome, { reads, lifetimes }, request.cause) }
      } catch (error) {
        return this.#refusal(error, { reads, lifetimes })
      }
    })
    const revision = await this.#carryOut(decision)
    return revision === undefined ? undefined : this.#done(decision, revision)
  }

  /** Has etcd do what was planned; undefined when something of it was changed meanwhile. */
  async send(plan: WritePlan): Promise<number | undefined> {
    const { connection, replica, sent, contention } = this.#parts
    const { compares, operations } = this.#planner.transaction(plan)
    if (compares.length + operations.length === 0) return plan.readAt
    try {
      const { succeeded, header } = await connection.txn(compares, operations)
      if (!succeeded) return undefined
      if (operations.length > 0) await replica.through(header.revision, contention)
      return header.revision
    } finally {
      sent.forget(operations)
    }
  }

  /** Until something has changed here, or for a while that grows. */
  async #pause(seen: number, attempt: number): Promise<void> {
    const { replica } = this.#parts
    const { clock, random } = replica.parts.engine.env
    const ms = backoffMs({ baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, attempt)
    await Promise.race([replica.through(seen + 1), clock.sleep(ms * (1 + random.next()))])
    // Those who have lost to each other do not all begin again at once.
    if (attempt > 1) await clock.sleep(random.next() * ms)
  }

  /** In a step, or at once; when no watcher holds it back. */
  #begin<T>(steps: CommitRequest<unknown>['steps'], begin: () => T): T | Promise<T> {
    const { pressure, env } = this.#parts.replica.parts.engine
    if (steps === undefined && !pressure.holds(undefined)) return begin()
    return new Promise((resolve, reject) => {
      const go = (): void => {
        try {
          resolve(begin())
        } catch (error) {
          reject(error)
        }
      }
      const step = (): void => {
        steps?.env.tasks.defer(fate => {
          if (fate?.kind === 'refused') reject(fate.error)
          else go()
        }, steps.about)
      }
      pressure.whenFree(pressure.turn(steps?.env ?? env, steps?.env, steps === undefined ? go : step))
    })
  }

  #attempt<T>(request: CommitRequest<T>, replies: AdmissionReplies | undefined): Decision<T> {
    const { replica, mirror } = this.#parts
    const { engine } = replica.parts
    const reads = new ReadSet(engine, engine.revision)
    const lifetimes = new LifetimeReads(mirror)
    engine.begin()
    try {
      readFences(reads, request.fences)
      assertFences(engine, request.fences)
      const outcome = request.attempt({ reads, lifetimes, replies })
      assertFits(reads, outcome.mutations)
      return { kind: 'decided', outcome, plan: this.#planOf(outcome, { reads, lifetimes }, request.cause) }
    } catch (error) {
      if (error instanceof PendingAdmission) return { kind: 'pending', pending: error }
      return this.#refusal(error, { reads, lifetimes })
    } finally {
      engine.end()
    }
  }

  #planOf(
    outcome: AttemptResult<unknown>,
    read: Omit<DecisionBase, 'mutations'>,
    cause: WriteCause | undefined,
  ): WritePlan {
    const { mutations, more = [] } = outcome
    const compares = this.#planner.compares({ ...read, mutations })
    return { readAt: read.reads.revision, compares, mutations, kept: keptBy(outcome), more, cause }
  }

  /** What it is refused for was read. */
  #refusal(error: unknown, read: Omit<DecisionBase, 'mutations'>): Decided<never> {
    const compares = this.#planner.compares({ ...read, mutations: [] })
    const plan = {
      readAt: read.reads.revision,
      compares,
      mutations: [],
      kept: NOTHING_KEPT,
      cause: undefined,
    }
    return { kind: 'refused', error, plan }
  }

  /** When it was done, or refused for what is still so; undefined when that was no longer so. */
  #carryOut(decision: Decided<unknown>): Promise<number | undefined> {
    const { plan } = decision
    if (decision.kind === 'refused')
      return isAboutTheCall(decision.error) ? Promise.reject(decision.error) : this.send(plan)
    const { outcome } = decision
    const hasTtl = outcome.kept.some(({ expiry }) => expiry.kind === 'ttl')
    return hasTtl ? this.#sendWithTtls(plan, outcome) : this.send(plan)
  }

  /** @throws what it is refused with */
  #done<T>(decision: Decided<T>, revision: number): Done<T> {
    if (decision.kind === 'refused') throw decision.error
    const { result } = decision.outcome
    const { mutations, readAt } = decision.plan
    if (mutations.length === 0) return { result, revision: undefined }
    const { engine } = this.#parts.replica.parts
    return { result: stamped(engine, result, { provisional: readAt + 1, revision }), revision }
  }

  /** A time to live of an object is a lifetime without a name, which a lease of etcd takes away. */
  async #sendWithTtls(
    plan: WritePlan,
    { kept, mutations }: AttemptResult<unknown>,
  ): Promise<number | undefined> {
    const { connection, keys } = this.#parts
    const byPath = new Map(plan.kept)
    const more = [...(plan.more ?? [])]
    const leases: bigint[] = []
    for (const { table, object, expiry } of kept) {
      if (expiry.kind !== 'ttl' || isGone(table, object.metadata, mutations)) continue
      const { id: lease } = await connection.grantLease(leaseSeconds(expiry.ttlMs))
      leases.push(lease)
      const id = ownLifetimeId(lease)
      more.push({ put: keys.lifetime(id), value: lifetimeValue(lease, expiry.ttlMs, false), lease })
      byPath.set(pathOf(table, refOf(object)), id)
    }
    let isDone = true
    try {
      const revision = await this.send({ ...plan, kept: byPath, more })
      isDone = revision !== undefined
      return revision
    } catch (error) {
      isDone = !isKeelsonError(error, 'TooLarge', 'Forbidden', 'StorageFailed')
      throw error
    } finally {
      // They end by themselves, and nothing hangs on them.
      if (!isDone) await Promise.allSettled(leases.map(lease => connection.revokeLease(lease)))
    }
  }
}

/** Which lifetime each object has from now on. */
function keptBy({
  kept,
  mutations,
  released = [],
}: AttemptResult<unknown>): ReadonlyMap<string, string | null> {
  if (kept.length + released.length === 0) return NOTHING_KEPT
  const found = new Map<string, string | null>()
  for (const path of released) found.set(path, null)
  for (const { table, object, expiry } of kept) {
    if (isGone(table, object.metadata, mutations)) continue
    found.set(pathOf(table, refOf(object)), expiry.kind === 'lifetime' ? expiry.id : null)
  }
  return found
}

function isGone(
  table: KindTable,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
  mutations: readonly Mutation[],
): boolean {
  return mutations.some(
    one => one.table === table && one.namespace === namespace && one.name === name && one.after === undefined,
  )
}

/** A fence is checked by etcd too. */
function readFences(reads: ReadSet, fences: readonly Fence[]): void {
  for (const { kind, ref } of fences) reads.find(reads.engine.table(kind), ref)
}

/** What it is refused for was read: who holds a value, or everything that is counted. */
function assertFits(reads: ReadSet, mutations: readonly Mutation[]): void {
  const { engine } = reads
  try {
    engine.assertFits(mutations)
  } catch (error) {
    if (isKeelsonError(error, 'UniqueViolation')) {
      const { holder } = error.details
      for (const { table } of mutations) if (table.kind.kind === holder.kind) reads.find(table, holder)
    } else if (isKeelsonError(error, 'QuotaExceeded'))
      for (const table of engine.tables.all) reads.noteList(table, EVERYTHING)
    throw error
  }
}

/** No state of the store could make the call right. */
function isAboutTheCall(error: unknown): boolean {
  return isKeelsonError(error, 'Usage', 'Closed')
}

/** Etcd counts in seconds; nothing ends early. */
export function leaseSeconds(ttlMs: number): number {
  return Math.ceil(ttlMs / 1_000)
}

/** Of the ttl of one object, which nobody asks for by a name. */
export function ownLifetimeId(lease: bigint): string {
  return `ttl-${lease.toString(16)}`
}

export function lifetimeValue(lease: bigint, ttlMs: number, named: boolean): string {
  return JSON.stringify({ ttlMs, lease: String(lease), named })
}

function contended(timeoutMs: number, attempts: number): KeelsonError {
  return new KeelsonError({
    code: 'Timeout',
    message:
      `the write has lost ${attempts} times to other writers within ${timeoutMs} ms, or what they have written does ` +
      'not arrive here; nothing was changed. Try again, and have fewer writers of the same objects',
    details: { timeoutMs, attempts },
  })
}

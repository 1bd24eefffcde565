import type { Cancel, Env } from '../../core/index.js'
import { isKeelsonError, UsageError } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import { inTime } from '../in-time.js'
import { isPermanent } from '../permanent-error.js'
import type { StopOptions } from '../stop-report.js'
import { assertGracePeriod } from '../stop-report.js'
import { decideCandidacy } from './candidacy.js'
import type { ElectionLease } from './election-lease.js'
import { readRecord } from './election-lease.js'
import type { ElectionSettings, LeaderElectionOptions } from './election-options.js'
import { completeElectionOptions, RETRY_JITTER } from './election-options.js'
import type { ElectionListener, ElectionStatus, Elector } from './elector-contract.js'
import type { Leadership, Reign } from './leadership.js'
import { openReign } from './leadership.js'
import { ignoreRace, isRace, isSameReign, LeaseCalls } from './lease-calls.js'
import { LeaseView } from './lease-view.js'
import { acquired, asked, nextTransitions, renewed, termOf } from './lease-writes.js'

/**
 * Makes a candidate. The algorithm is client-go's (`tools/leaderelection`): the lease is renewed every
 * `retryPeriodMs`; a leader that cannot stops by itself after `retryPeriodMs + renewDeadlineMs`; others take a lease
 * that they saw unchanged for its whole duration, by their own clock. Beyond it: a fence keeps the writes of an older
 * term out of the store, a watch makes a released lease change hands at once, and a candidate of higher priority is
 * let in.
 *
 * Guarantees: two candidates never lead at the same time as long as their clocks run at the same rate; even then no
 * write of an older term is committed after the first of a later one.
 *
 * @throws InvalidError when an option is out of bounds
 *
 * @example
 * ```ts
 * import { Lease } from 'keelson/api'
 * import { createElector } from 'keelson/reconcile'
 * import { createStore } from 'keelson/store'
 *
 * const store = createStore({ kinds: [Lease] })
 * const term = await new Promise<number>(resolve => {
 *   const elector = createElector(store, { kind: Lease, lease: 'example', identity: 'a' }, {
 *     leads: leadership => {
 *       resolve(leadership.term)
 *       void elector.stop()
 *     },
 *   })
 *   void elector.start()
 * })
 * if (term !== 1) throw new Error(`the first term is ${term}`)
 * ```
 */
export function createElector(
  client: Client,
  options: LeaderElectionOptions,
  listener: ElectionListener,
): Elector {
  return new CandidateLoop(client, completeElectionOptions(options), listener)
}

/** A candidate over a store. */
class CandidateLoop implements Elector {
  readonly #settings: ElectionSettings
  readonly #listener: ElectionListener
  readonly #env: Env
  readonly #client: Client
  #state: 'new' | 'running' | 'stopping' = 'new'
  readonly #calls: LeaseCalls
  readonly #view: LeaseView
  #reign: Reign | undefined
  /** What this candidate wrote last as a leader. */
  #held: ElectionLease | undefined
  #busy: Promise<void> | undefined
  #resigning: Promise<void> | undefined
  #leaving: Promise<void> | undefined
  #halting: Promise<void> | undefined
  /** A reign has ended, but its owner has not finished with it; no other begins. */
  #isEnding = false
  /** After a resignation; until then news of the lease are no reason to campaign. */
  #restsUntilMs = 0
  #cancelStep: Cancel = () => {}
  #cancelDeadline: Cancel = () => {}

  constructor(client: Client, settings: ElectionSettings, listener: ElectionListener) {
    this.#settings = settings
    this.#listener = listener
    this.#env = client.env.fork(`elector ${settings.identity}`)
    this.#client = client.client(this.#env)
    this.#calls = new LeaseCalls(this.#client, settings)
    this.#view = new LeaseView(this.#client, settings, isDeleted => this.#react(isDeleted))
  }

  get leadership(): Leadership | undefined {
    if (this.#reign === undefined || this.#reign.isOver()) return undefined
    return this.#reign.leadership
  }

  start(): Promise<void> {
    if (this.#state !== 'new') throw new UsageError('start() was called before; make a new elector')
    this.#state = 'running'
    try {
      this.#view.open()
    } catch (error) {
      // What was asked for wrongly stays wrong; anything else is tried again with each look.
      if (isPermanent(error) || isKeelsonError(error, 'Closed')) {
        this.#state = 'stopping'
        this.#env.close()
        return Promise.reject(error)
      }
    }
    this.#step()
    return this.#busy ?? Promise.resolve()
  }

  handOver(heir?: string): Promise<void> {
    return this.#resign(heir)
  }

  stop({ gracePeriodMs = 30_000 }: StopOptions = {}): Promise<void> {
    assertGracePeriod(gracePeriodMs)
    this.#halting ??= this.#halt(gracePeriodMs)
    return this.#halting
  }

  status(): ElectionStatus {
    const { lease, identity } = this.#settings
    const leadership = this.leadership
    const { holder, seen } = this.#view
    const renewedAtMs = leadership === undefined ? seen?.atMs : this.#reign?.renewedAtMs
    return {
      lease,
      identity,
      leading: leadership !== undefined,
      ...(leadership === undefined ? {} : { term: leadership.term }),
      ...(holder === undefined ? {} : { holder }),
      ...(renewedAtMs === undefined ? {} : { sinceRenewalMs: this.#env.clock.monotonic() - renewedAtMs }),
    }
  }

  /**
   * One look at the lease, and what follows from it; never two at a time. A leader that resigns continues until it has.
   */
  #step(): void {
    this.#cancelStep()
    const isOver = this.#state !== 'running' && this.#reign === undefined
    if (isOver || this.#isEnding || this.#busy !== undefined) return
    const known = this.#view.told
    const turn = this.#turn().catch((error: unknown) => {
      this.#env.logger.warn({ err: error, ...this.#settings.lease }, 'the lease could not be read or written')
      return this.#pauseMs()
    })
    this.#busy = turn.then(pauseMs => {
      this.#busy = undefined
      const { told } = this.#view
      const isNews = told !== known && this.#reign !== undefined && this.#isForeign(told)
      this.#stepAfter(isNews ? 0 : pauseMs)
    })
  }

  async #turn(): Promise<number> {
    this.#view.open()
    const reign = this.#reign
    return reign === undefined ? this.#campaign() : this.#renew(reign)
  }

  #stepAfter(ms: number): void {
    this.#cancelStep()
    this.#cancelStep = this.#env.clock.after(ms, () => this.#step())
  }

  /** A leader's pause, or a candidate's. */
  #pauseMs(): number {
    const jitter = this.#reign === undefined ? 1 + RETRY_JITTER * this.#env.random.next() : 1
    return this.#settings.retryPeriodMs * jitter
  }

  async #campaign(): Promise<number> {
    const { kind, lease: ref } = this.#settings
    const lease = this.#client.get(kind, ref)
    if (lease !== undefined) this.#view.look(lease)
    const nowMs = this.#env.clock.monotonic()
    const record = lease && readRecord(lease, this.#settings.leaseDurationMs)
    const decision = decideCandidacy(record, this.#view.seen?.atMs ?? nowMs, this.#settings, nowMs)
    if (decision.kind === 'acquire') {
      await this.#acquire(lease, decision.transitions)
      return this.#pauseMs()
    }
    if (decision.asks && lease !== undefined) {
      await this.#calls.bounded(this.#client.update(kind, asked(lease, this.#settings))).catch(ignoreRace)
    }
    return Math.min(this.#pauseMs(), Math.max(0, decision.untilMs - nowMs))
  }

  /**
   * Takes the lease, then the fence. A candidate that was held up between the two, while others took both, fails at
   * the second, because it names the version of the fence that it saw before the first.
   */
  async #acquire(lease: ElectionLease | undefined, transitions: number): Promise<void> {
    const { kind, term: termRef } = this.#settings
    const { clock } = this.#env
    const startedMs = clock.monotonic()
    const before = this.#client.get(kind, termRef)
    const count = nextTransitions(transitions, before)
    const write = (
      old: ElectionLease | undefined,
      object: ReturnType<typeof termOf>,
    ): Promise<ElectionLease> =>
      this.#calls.bounded(
        old === undefined ? this.#client.create(kind, object) : this.#client.update(kind, object),
      )
    try {
      const held = await write(lease, acquired(this.#settings, lease, count, clock.now()))
      const term = await write(before, termOf(this.#settings, before, held, clock.now()))
      const reign = openReign({
        name: this.#settings.lease.name,
        client: this.#client,
        fence: { kind, ref: termRef, resourceVersion: term.metadata.resourceVersion },
        term: term.spec.leaseTransitions ?? 1,
        acquiredAtMs: startedMs,
        safeMs: this.#safeMs,
      })
      if (reign.isOver()) return
      if (this.#state !== 'running') return await this.#calls.leave(held, undefined)
      this.#view.look(held)
      this.#held = held
      this.#reign = reign
      this.#armDeadline(reign)
      this.#report(true)
    } catch (error) {
      ignoreRace(error)
      return
    }
    const { leadership } = this.#reign
    // An owner that cannot take it up would keep every other candidate from it.
    void this.#tell('leads', () => this.#listener.leads(leadership)).then(isTaken =>
      isTaken ? undefined : this.#resign(undefined),
    )
  }

  async #renew(reign: Reign): Promise<number> {
    const { kind, lease: ref, identity } = this.#settings
    const { clock } = this.#env
    const startedMs = clock.monotonic()
    const held = this.#held as ElectionLease
    // After a stall the renewal may come before the deadline that it would put off; a reign that was over stays over.
    if (reign.isOver()) return this.#lose(reign, 'the lease could not be renewed in time')
    const deposal = this.#findDeposal(reign, held)
    if (deposal !== undefined) return this.#lose(reign, deposal)
    try {
      const now = await this.#calls.bounded(this.#client.update(kind, renewed(held, clock.now())))
      if (this.#reign !== reign) return this.#pauseMs()
      this.#held = now
      this.#view.look(now)
      reign.renewedAtMs = startedMs
      this.#armDeadline(reign)
      const { preferredHolder } = now.spec
      if (preferredHolder !== undefined && preferredHolder !== identity) void this.#resign(preferredHolder)
    } catch (error) {
      if (!isRace(error)) throw error
      const present = this.#client.get(kind, ref)
      // Removed by hand: the lease is put back, and whoever is first with that has it.
      if (present === undefined) await this.#restore(held)
      else if (isSameReign(present, held)) this.#held = present
      else return this.#lose(reign, `${present.spec.holderIdentity || 'someone'} took the lease`)
      return present?.metadata.resourceVersion === held.metadata.resourceVersion ? this.#pauseMs() : 0
    }
    return this.#pauseMs()
  }

  async #restore(held: ElectionLease): Promise<void> {
    const { kind, lease } = this.#settings
    const object = { metadata: { ...lease, annotations: held.metadata.annotations }, spec: held.spec }
    this.#held = await this.#calls.bounded(this.#client.create(kind, object))
  }

  /** A reader that lags behind the fence knows nothing about it. */
  #findDeposal({ leadership: { fence } }: Reign, held: ElectionLease): string | undefined {
    if (this.#client.revision < Number(fence.resourceVersion)) return undefined
    const term = this.#client.get(this.#settings.kind, fence.ref)
    if (term?.metadata.resourceVersion === fence.resourceVersion) return undefined
    return `the fence ${fence.ref.name} of ${held.metadata.name} was changed or removed`
  }

  async #lose(reign: Reign, why: string): Promise<number> {
    if (this.#reign === reign) this.#env.logger.warn({ ...this.#settings.lease, why }, 'leadership was lost')
    await this.#end(reign, why)
    return this.#pauseMs()
  }

  #resign(heir: string | undefined): Promise<void> {
    if (this.#reign !== undefined) {
      this.#resigning ??= this.#release(this.#reign, heir).finally(() => {
        this.#resigning = undefined
      })
    }
    return this.#resigning ?? Promise.resolve()
  }

  async #release(reign: Reign, heir: string | undefined): Promise<void> {
    await this.#tell('drain', () => this.#listener.drain?.(reign.leadership))
    await this.#leaveOnce(reign, heir)
  }

  #leaveOnce(reign: Reign, heir: string | undefined): Promise<void> {
    this.#leaving ??= this.#abdicate(reign, heir).finally(() => {
      this.#leaving = undefined
    })
    return this.#leaving
  }

  async #abdicate(reign: Reign, heir: string | undefined): Promise<void> {
    this.#isEnding = true
    await this.#busy
    if (this.#reign === reign) {
      const held = this.#held
      await this.#end(reign, 'it resigned', () => this.#calls.leave(held, heir))
    }
    this.#isEnding = false
    // It hears of the lease that it left as others do, and lets them be first.
    const restMs = this.#pauseMs()
    this.#restsUntilMs = this.#env.clock.monotonic() + restMs
    this.#stepAfter(restMs)
  }

  /** A drain that takes longer than the grace period, and a store that does not answer, hold up nothing for ever. */
  async #halt(gracePeriodMs: number): Promise<void> {
    this.#state = 'stopping'
    this.#view.close()
    const reign = this.#reign
    const resigned = this.#resign(undefined)
    await inTime(this.#env, resigned, gracePeriodMs)
    const left = reign === undefined ? resigned : this.#leaveOnce(reign, undefined)
    await inTime(this.#env, Promise.all([this.#busy, left]), this.#settings.renewDeadlineMs)
    if (this.#reign !== undefined) void this.#end(this.#reign, 'it stopped')
    this.#cancelStep()
    this.#env.close()
  }

  /** Ends a reign once; `then` comes before its owner is told. */
  async #end(reign: Reign, why: string, then: () => Promise<void> | void = () => {}): Promise<void> {
    if (this.#reign !== reign) return
    this.#isEnding = true
    this.#reign = undefined
    this.#held = undefined
    this.#cancelDeadline()
    reign.end(why)
    this.#report(false)
    await then()
    await this.#tell('stopped', () => this.#listener.stopped?.(why))
    this.#isEnding = false
  }

  /** Never rejects: the owner's mistake must not end the candidacy. False when it threw. */
  async #tell(what: keyof ElectionListener, call: () => Promise<void> | void): Promise<boolean> {
    try {
      await call()
      return true
    } catch (error) {
      const about = { err: error, listener: what, ...this.#settings.lease }
      this.#env.logger.error(about, 'the listener of an election threw')
      return false
    }
  }

  /** What was told between two steps and cannot wait for the next. */
  #react(isDeleted: boolean): void {
    const { told } = this.#view
    const isFree = isDeleted || (told?.spec.holderIdentity ?? '') === ''
    const rests = this.#env.clock.monotonic() < this.#restsUntilMs
    if (this.#reign === undefined ? isFree && !rests : this.#isForeign(told)) this.#step()
  }

  /** Written by someone else after what this candidate wrote. */
  #isForeign(lease: ElectionLease | undefined): boolean {
    if (lease === undefined || this.#held === undefined) return false
    return Number(lease.metadata.resourceVersion) > Number(this.#held.metadata.resourceVersion)
  }

  /**
   * How long after a renewal the reign may last: till its next round would fail (client-go), and never longer than the
   * lease.
   */
  get #safeMs(): number {
    const { retryPeriodMs, renewDeadlineMs, leaseDurationMs } = this.#settings
    return Math.min(retryPeriodMs + renewDeadlineMs, leaseDurationMs)
  }

  #armDeadline(reign: Reign): void {
    this.#cancelDeadline()
    const leftMs = reign.renewedAtMs + this.#safeMs - this.#env.clock.monotonic()
    this.#cancelDeadline = this.#env.clock.after(Math.max(0, leftMs), () => {
      void this.#lose(reign, 'the lease could not be renewed in time').then(ms => this.#stepAfter(ms))
    })
  }

  #report(isLeading: boolean): void {
    const name = this.#settings.lease.name
    this.#env.metrics.gauge('leader_election_master_status').set(isLeading ? 1 : 0, { name })
  }
}

import { canonicalJson, encodeHash, hash64 } from '../../../core/internal.js'
import type { Client, ObjectChange, StoredObject } from '../../../store/index.js'
import type { Action } from '../actions/action.js'
import type { Distinction } from '../choices/choice-source.js'
import type { Learn } from '../clients/recording-client.js'
import { recordingClient } from '../clients/recording-client.js'
import { nameOf } from '../objects/object-names.js'
import { objectText, textOf } from '../objects/object-text.js'
import type { Line } from '../objects/state-lines.js'
import { isOfProcess } from '../world/action-of.js'
import type { Incidents } from '../world/incidents.js'
import type { SimulatedProcess } from '../world/simulated-process.js'
import type { PooledStep } from '../world/step-pool.js'
import type { User } from '../world/user.js'
import type { World } from '../world/world.js'

/** What a state is made of. */
export interface StateParts {
  readonly world: World
  readonly user: User
  readonly incidents: Incidents
}

type Objects = readonly StoredObject[]

/** Something that a process did, and what it learned. */
interface OwnStep {
  readonly label: string
  readonly learned: readonly unknown[]
  readonly told: Telling | undefined
  /** All this, once somebody has asked for it: most steps are repeated on the way to others. */
  lines: readonly Line[] | undefined
}

/** What is delivered: the difference between then and now, whatever happened in between. */
interface Telling {
  readonly since: Objects
  readonly until: Objects
  /** Numbers of the first write and of the one after the last. */
  readonly from: number
  readonly to: number
  readonly isFirst: boolean
}

/** A step that waits. */
interface Deferred {
  readonly step: PooledStep
  /** What there was before it began to wait. */
  readonly since: Objects
  /** How many writes there were before. */
  readonly from: number
  /** True when its process was about to start: it delivers what there is, not what has changed. */
  readonly isFirst: boolean
}

/** What is known of a process. */
interface ProcessRecord {
  /** Since it had nothing under way, or since its start. */
  steps: OwnStep[]
  /** When it last did something. */
  lastMs: number
  /** What it has learned since its last step. */
  learned: unknown[]
}

/** Timers are distinguished by the millisecond up to here, and by the second beyond. */
const EXACT_MS = 1_000

/**
 * Gives every state of a world a key; what can happen from two states with one key is the same. Follows the
 * execution: `note` is called after each action.
 *
 * A process that works on something has local variables, which cannot be seen; what they hold follows from what it
 * could see when it began, and from what has happened since. So that counts until it is idle again.
 */
export class StateKeys {
  readonly #parts: StateParts
  readonly #by: Distinction
  /** The objects that each write was about. */
  readonly #written: (readonly string[])[] = []
  /** Those that wait. */
  #deferred: readonly Deferred[] = []
  readonly #records = new Map<string, ProcessRecord>()
  /** Each object is read once. */
  readonly #objectBlocks = new Map<StoredObject, readonly [Line]>()

  constructor(parts: StateParts, by: Distinction) {
    this.#parts = parts
    this.#by = by
  }

  /**
   * @param before the objects before the action
   * @param changes what it has changed
   */
  note(action: Action, before: Objects, changes: readonly ObjectChange[]): void {
    const { world } = this.#parts
    const from = this.#written.length
    if (changes.length > 0) this.#written.push(changedNames(changes))
    const told = this.#defer(action, before, from)
    this.#noteOwnStep(action, told && { ...told, until: before, to: from })
    for (const process of world.processes) this.#forget(process, this.#recordOf(process.name))
  }

  /** The client that a process is given: what is learned through it is part of the state. */
  clientFor(client: Client, process: string): Client {
    const learn: Learn = input => void this.#recordOf(process).learned.push(input)
    return recordingClient(client, learn)
  }

  /** @param without a process that is taken for gone */
  key(without?: string): string {
    const { world, user, incidents } = this.#parts
    const { lines } = this.#by
    const processes = world.processes.filter(({ name }) => name !== without)
    const objects = world.objects()
    const blocks: (readonly Line[])[] = [[lines.of(user.memory)], [lines.of(incidents.memory)]]
    for (const [index, process] of processes.entries()) blocks.push(this.#processLines(process, index))
    for (const object of objects) blocks.push(this.#blockOf(object))
    blocks.push([lines.of(canonicalJson(Object.fromEntries(world.outside)))])
    for (const timer of this.#timers(processes, without)) blocks.push([lines.of(timer)])
    return encodeHash(hash64(lines.textOf(blocks, objects, world.clock.nowMs())))
  }

  /** Labels as they are in all states of one key: process names count starts, which is of no interest. */
  labelOf({ kind, actor, label }: Action): string {
    const index = this.#parts.world.processes.findIndex(({ name }) => name === actor)
    return `${index === -1 ? actor : `app#${index}`} ${kind} ${label}`
  }

  #timers(processes: readonly SimulatedProcess[], without: string | undefined): readonly string[] {
    const { clock } = this.#parts.world
    return clock.pending().flatMap(timer => {
      if (timer.kind !== 'timer' || timer.process === without) return []
      const index = processes.findIndex(({ name }) => name === timer.process)
      return [`${index === -1 ? timer.process : `app#${index}`} ${remaining(timer.atMs - clock.nowMs())}`]
    })
  }

  /** Notes what waits; of what does not any more, that which the action has delivered. */
  #defer(action: Action, before: Objects, from: number): Deferred | undefined {
    const { pool } = this.#parts.world
    const earlier = this.#deferred
    const isFirst = action.kind === 'start'
    const deferred: Deferred[] = []
    for (const steps of [pool.waiting(), pool.held()])
      for (const step of steps)
        deferred.push(deferredIn(earlier, step) ?? { step, since: before, from, isFirst })
    this.#deferred = deferred
    if (action.kind !== 'deliver') return undefined
    return earlier.find(({ step }) => isTaken(step, action) && deferredIn(deferred, step) === undefined)
  }

  #recordOf(process: string): ProcessRecord {
    let record = this.#records.get(process)
    if (record === undefined) {
      record = { steps: [], lastMs: this.#parts.world.clock.elapsedMs, learned: [] }
      this.#records.set(process, record)
    }
    return record
  }

  #noteOwnStep(action: Action, told: Telling | undefined): void {
    const { elapsedMs } = this.#parts.world.clock
    for (const [name, record] of this.#records) {
      const { learned, lastMs } = record
      const isOwn = isOfProcess(action) && action.actor === name
      if (!isOwn && learned.length === 0) continue
      const pauseS = Math.floor((elapsedMs - lastMs) / 1_000)
      const label = `${isOwn ? `${action.kind} ${action.label}` : 'meanwhile'}${pauseS > 0 ? ` +${pauseS} s` : ''}`
      const step: OwnStep = { label, learned, told: isOwn ? told : undefined, lines: undefined }
      const last = record.steps.at(-1)
      if (last !== undefined && isOneDelivery(last, step)) record.steps.pop()
      record.steps.push(last !== undefined && isOneDelivery(last, step) ? together(last, step) : step)
      record.lastMs = elapsedMs
      record.learned = []
    }
  }

  /** Of an idle process only what it has not been told yet counts. */
  #forget(process: SimulatedProcess, record: ProcessRecord): void {
    if (this.#by.recall === 'history' || record.steps.length === 0) return
    if (isIdle(process, this.#parts.world.pool.waiting())) record.steps = []
  }

  #processLines(process: SimulatedProcess, index: number): Line[] {
    const { world } = this.#parts
    const { lines } = this.#by
    const { clock, pool } = world
    const { name, env, manager, memory, stalledUntilMs, isReplaced, isStopping } = process
    const found = [
      lines.of(`app#${index} ${manager.status().state} ${isReplaced} ${isStopping}`),
      lines.of(
        `stalled ${remaining((stalledUntilMs ?? 0) - clock.elapsedMs)}, ahead ${env.clock.now() - clock.nowMs()} ms`,
      ),
      lines.of(canonicalJson(Object.fromEntries(memory))),
    ]
    for (const step of this.#recordOf(name).steps) found.push(...this.#ownLines(step))
    const now = { until: world.objects(), to: this.#written.length }
    for (const { step, since, from, isFirst } of this.#deferred) {
      const { process: owner, about } = step
      if (owner !== name) continue
      found.push(lines.of(`${about.kind} ${about.label}${pool.held().includes(step) ? ', held back' : ''}`))
      if (about.kind === 'deliver') this.#tell({ since, from, isFirst, ...now }, found)
    }
    return found
  }

  #ownLines(step: OwnStep): readonly Line[] {
    if (step.lines !== undefined) return step.lines
    const { lines } = this.#by
    const { label, learned, told } = step
    const found = [lines.of(`did ${label}`)]
    if (told !== undefined) this.#tell(told, found)
    for (const input of learned) found.push(lines.of(textOf(input)))
    step.lines = found
    return found
  }

  /** What is different, whatever happened in between. */
  #tell({ since, until, from, to, isFirst }: Telling, found: Line[]): void {
    const { lines } = this.#by
    const names = new Set(this.#written.slice(from, to).flat())
    found.push(lines.of(`${isFirst ? 'at first' : 'of'} ${[...names].sort().join(' ')}`))
    if (since === until) return
    const was = new Set(since.map(object => this.#blockOf(object)[0]))
    const is = new Set(until.map(object => this.#blockOf(object)[0]))
    for (const line of was) if (!is.has(line)) found.push(lines.of('gone'), line)
    for (const line of is) if (!was.has(line)) found.push(lines.of('new'), line)
  }

  #blockOf(object: StoredObject): readonly [Line] {
    let block = this.#objectBlocks.get(object)
    if (block === undefined) {
      block = [this.#by.lines.of(objectText(object))]
      this.#objectBlocks.set(object, block)
    }
    return block
  }
}

function deferredIn(deferred: readonly Deferred[], step: PooledStep): Deferred | undefined {
  for (const one of deferred) if (one.step === step) return one
  return undefined
}

/** Two deliveries with nothing in between are as one. */
function isOneDelivery(first: OwnStep, second: OwnStep): boolean {
  const hasTold = first.told !== undefined && second.told !== undefined
  return hasTold && first.label === second.label && first.learned.length + second.learned.length === 0
}

function together(first: OwnStep, second: OwnStep): OwnStep {
  const { told } = first
  return told === undefined || second.told === undefined
    ? second
    : { ...second, told: { ...second.told, since: told.since, from: told.from, isFirst: told.isFirst } }
}

function isTaken({ process, about }: PooledStep, { actor, kind, label }: Action): boolean {
  return kind === 'deliver' && about.kind === kind && process === actor && about.label === label
}

/** Nothing of it is under way but what is about to be delivered, or to begin. */
function isIdle({ name, manager }: SimulatedProcess, waiting: readonly PooledStep[]): boolean {
  let begins = 0
  for (const { process, about } of waiting) {
    if (process !== name || about.kind === 'deliver') continue
    if (about.kind !== 'reconcile') return false
    begins++
  }
  const { state, controllers } = manager.status()
  if (state !== 'running') return false
  for (const { queued, inFlight, delayed, failures, quarantined, hotLoops } of controllers) {
    if (queued + delayed + failures + quarantined.length + hotLoops.length > 0) return false
    begins -= inFlight
  }
  return begins === 0
}

function changedNames(changes: readonly ObjectChange[]): readonly string[] {
  const names = new Set<string>()
  for (const { before, after } of changes) {
    if (before !== undefined) names.add(nameOf(before))
    if (after !== undefined) names.add(nameOf(after))
  }
  return [...names]
}

function remaining(ms: number): string {
  return ms <= EXACT_MS ? `in ${Math.max(0, ms)} ms` : `in ${Math.ceil(ms / 1_000)} s`
}

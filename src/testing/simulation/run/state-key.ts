import { canonicalJson, encodeHash, hash64 } from '../../../core/internal.js'
import type { Client, StoredObject } from '../../../store/index.js'
import type { Action } from '../actions/action.js'
import type { Recall } from '../choices/choice-source.js'
import type { Learn } from '../clients/recording-client.js'
import { recordingClient } from '../clients/recording-client.js'
import { nameOf } from '../objects/object-names.js'
import { objectText } from '../objects/object-text.js'
import { isOfProcess } from '../world/action-of.js'
import type { Incidents } from '../world/incidents.js'
import type { SimulatedProcess } from '../world/simulated-process.js'
import type { PooledStep } from '../world/step-pool.js'
import type { User } from '../world/user.js'
import type { World } from '../world/world.js'
import { normalizedText } from './normalized-text.js'

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
  readonly learned: readonly string[]
  readonly told: Telling | undefined
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
  learned: string[]
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
  readonly #recall: Recall
  /** The objects that each write was about. */
  readonly #written: string[][] = []
  /** Those that wait. */
  #deferred: readonly Deferred[] = []
  readonly #records = new Map<string, ProcessRecord>()

  constructor(parts: StateParts, recall: Recall) {
    this.#parts = parts
    this.#recall = recall
  }

  /** @param before the objects before the action */
  note(action: Action, before: Objects): void {
    const { world } = this.#parts
    const from = this.#written.length
    const after = world.objects()
    if (after !== before) this.#written.push(changedNames(before, after))
    const deferred = this.#deferred
    this.#deferred = [...world.pool.waiting(), ...world.pool.held()].map(
      step =>
        deferred.find(other => other.step === step) ??
        ({ step, since: before, from, isFirst: action.kind === 'start' } satisfies Deferred),
    )
    const told = deferred.find(({ step }) => isTaken(step, action) && !this.#isWaiting(step))
    this.#noteOwnStep(action, told && { ...told, until: before, to: from })
    for (const process of world.processes) this.#forget(process, this.#recordOf(process.name))
  }

  /** The client that a process is given: what is learned through it is part of the state. */
  clientFor(client: Client, process: string): Client {
    const learn: Learn = input => this.#recordOf(process).learned.push(input)
    return recordingClient(client, learn)
  }

  /** @param without a process that is taken for gone */
  key(without?: string): string {
    const { world, user, incidents } = this.#parts
    const { clock } = world
    const processes = world.processes.filter(({ name }) => name !== without)
    const timers = clock.pending().flatMap(timer => {
      if (timer.kind !== 'timer' || timer.process === without) return []
      const index = processes.findIndex(({ name }) => name === timer.process)
      return [`${index === -1 ? timer.process : `app#${index}`} ${remaining(timer.atMs - clock.nowMs())}`]
    })
    const lines = [
      user.memory,
      incidents.memory,
      ...processes.map((process, index) => this.#processText(process, `app#${index}`)),
      ...world.objects().map(objectText),
      canonicalJson(Object.fromEntries(world.outside)),
      ...timers,
    ]
    return encodeHash(hash64(normalizedText(lines, world)))
  }

  /** Labels as they are in all states of one key: process names count starts, which is of no interest. */
  labelOf({ kind, actor, label }: Action): string {
    const index = this.#parts.world.processes.findIndex(({ name }) => name === actor)
    return `${index === -1 ? actor : `app#${index}`} ${kind} ${label}`
  }

  #recordOf(process: string): ProcessRecord {
    let record = this.#records.get(process)
    if (record === undefined) {
      record = { steps: [], lastMs: this.#parts.world.clock.elapsedMs, learned: [] }
      this.#records.set(process, record)
    }
    return record
  }

  #isWaiting(step: PooledStep): boolean {
    return this.#deferred.some(other => other.step === step)
  }

  #noteOwnStep(action: Action, told: Telling | undefined): void {
    const { elapsedMs } = this.#parts.world.clock
    for (const [name, record] of this.#records) {
      const { learned, lastMs } = record
      const isOwn = isOfProcess(action) && action.actor === name
      if (!isOwn && learned.length === 0) continue
      const pauseS = Math.floor((elapsedMs - lastMs) / 1_000)
      const label = `${isOwn ? `${action.kind} ${action.label}` : 'meanwhile'}${pauseS > 0 ? ` +${pauseS} s` : ''}`
      const step = { label, learned, told: isOwn ? told : undefined }
      const last = record.steps.at(-1)
      if (last !== undefined && isOneDelivery(last, step)) record.steps.pop()
      record.steps.push(last !== undefined && isOneDelivery(last, step) ? together(last, step) : step)
      record.lastMs = elapsedMs
      record.learned = []
    }
  }

  /** Of an idle process only what it has not been told yet counts. */
  #forget(process: SimulatedProcess, record: ProcessRecord): void {
    if (this.#recall === 'history' || record.steps.length === 0) return
    if (isIdle(process, this.#stepsOf(process))) record.steps = []
  }

  #stepsOf({ name }: SimulatedProcess): readonly PooledStep[] {
    return this.#parts.world.pool.waiting().filter(step => step.process === name)
  }

  #processText(process: SimulatedProcess, name: string): string {
    const objects = this.#parts.world.objects()
    const { steps } = this.#recordOf(process.name)
    const { env, manager, memory, stalledUntilMs, isReplaced, isStopping } = process
    const { clock } = this.#parts.world
    const lines = [
      `${name} ${manager.status().state} ${isReplaced} ${isStopping}`,
      `stalled ${remaining((stalledUntilMs ?? 0) - clock.elapsedMs)}, ahead ${env.clock.now() - clock.nowMs()} ms`,
      canonicalJson(Object.fromEntries(memory)),
    ]
    for (const { label, learned, told } of steps)
      lines.push(`did ${label}`, ...(told === undefined ? [] : this.#tell(told)), ...learned)
    for (const deferred of this.#deferred) {
      const { process: owner, about } = deferred.step
      if (owner !== process.name) continue
      const isHeld = this.#parts.world.pool.held().includes(deferred.step)
      lines.push(`${about.kind} ${about.label}${isHeld ? ', held back' : ''}`)
      if (about.kind === 'deliver')
        lines.push(...this.#tell({ ...deferred, until: objects, to: this.#written.length }))
    }
    return lines.join('\n')
  }

  #tell({ since, until, from, to, isFirst }: Telling): readonly string[] {
    const names = new Set(this.#written.slice(from, to).flat())
    return [`${isFirst ? 'at first' : 'of'} ${[...names].sort().join(' ')}`, ...difference(since, until)]
  }
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
function isIdle({ manager }: SimulatedProcess, steps: readonly PooledStep[]): boolean {
  let begins = 0
  for (const { about } of steps) {
    if (about.kind === 'reconcile') begins++
    else if (about.kind !== 'deliver') return false
  }
  const { state, controllers } = manager.status()
  if (state !== 'running') return false
  for (const { queued, inFlight, delayed, failures, quarantined, hotLoops } of controllers) {
    if (queued + delayed + failures + quarantined.length + hotLoops.length > 0) return false
    begins -= inFlight
  }
  return begins === 0
}

/** What is different, whatever happened in between. */
function difference(before: Objects, after: Objects): readonly string[] {
  if (before === after) return []
  const was = new Set(before.map(objectText))
  const is = new Set(after.map(objectText))
  return [
    ...[...was].filter(text => !is.has(text)).map(text => `-${text}`),
    ...[...is].filter(text => !was.has(text)).map(text => `+${text}`),
  ]
}

function changedNames(before: Objects, after: Objects): string[] {
  const old = new Set(before)
  const now = new Set(after)
  const changed = [...before.filter(object => !now.has(object)), ...after.filter(object => !old.has(object))]
  return [...new Set(changed.map(nameOf))]
}

function remaining(ms: number): string {
  return ms <= EXACT_MS ? `in ${Math.max(0, ms)} ms` : `in ${Math.ceil(ms / 1_000)} s`
}

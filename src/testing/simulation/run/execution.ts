import type { Kind, ObjectInput, StoredObject } from '../../../store/index.js'
import { hostTurn } from '../../host.js'
import {
  type Action,
  type ActionKind,
  FAULT_KINDS,
  type FaultKind,
  isFault,
  isOfProcess,
} from '../actions/action.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import { availableActions } from '../actions/available-actions.js'
import { type ChoiceSource, replayChoices } from '../search/choices.js'
import type { Expectations, InvariantName, Violation } from '../judge/invariants.js'
import { judgeWrite } from '../judge/monitors.js'
import { differsPlainly, plainState } from '../world/plain-state.js'
import type { SpecEdit } from '../world/spec-edits.js'
import { type Incident, Incidents } from '../world/incidents.js'
import { type Ending, nameOf, User } from '../world/user.js'
import type { MakeParts } from '../world/simulated-process.js'
import { World } from '../world/world.js'
import type { Observer } from './observer.js'
import { mostFrequent, Unrest } from './unrest.js'

/** What is executed. */
export interface ExecutionSetup {
  readonly make: MakeParts
  readonly kinds: readonly Kind[]
  readonly objects: readonly ObjectInput[]
  readonly edits: (object: ObjectInput, kind: Kind) => readonly SpecEdit[]
  readonly incidents: readonly Incident[]
  readonly faults: FaultPlan
  readonly collects: boolean
  readonly except: readonly InvariantName[]
  readonly compared: ((object: StoredObject) => StoredObject | undefined) | undefined
  readonly always: Expectations
  readonly atRest: Expectations
  readonly instances: number
  readonly stepsMax: number
  readonly seed: number
  /** Who looks on. */
  readonly observer?: Observer
}

/** What a world has come to. */
export interface Rest {
  readonly ending: Ending
  /** One line for each object and each thing outside. */
  readonly state: readonly string[]
  /** As much of it as is compared. */
  readonly compared: readonly string[]
  /** Names of objects that were not given. */
  readonly madeNames: ReadonlySet<string>
}

/** Judges a rest; `known` when what would follow from it is known to be right. */
export type JudgeRest = (rest: Rest) => Violation | 'known' | undefined

/** One action of an execution. */
export interface TraceStep {
  readonly kind: ActionKind
  /** A process such as `app-1`, `user`, `collector`, `host`. */
  readonly actor: string
  readonly label: string
  /** Virtual milliseconds since the start. */
  readonly timeMs: number
  /** The store's revision afterwards, if the action changed it. */
  readonly revision?: number
  readonly isFault: boolean
}

/** What came of one execution. */
export interface Execution extends Rest {
  readonly seed: number
  /** Indexes of what was chosen, wherever there was a choice. */
  readonly choices: readonly number[]
  /** For each choice, the step of the trace that it led to; -1 for the choice of the ending. */
  readonly chosenSteps: readonly number[]
  readonly trace: readonly TraceStep[]
  readonly violation: Violation | undefined
}

const LAST_STEPS = 200
/** A process that starts anew does so a day later: what has become due must have been seen to. */
const LATER_MS = 86_400_000

/**
 * Runs a world to its rest, as `source` chooses; then, unless `judge` has an opinion on the rest, looks whether a process
 * that starts anew writes anything, and whether one that has stopped does.
 */
export async function execute(
  setup: ExecutionSetup,
  source: ChoiceSource,
  judge: JudgeRest = () => undefined,
): Promise<Execution> {
  const run = new Run(setup, source)
  try {
    return await run.whole(judge)
  } finally {
    run.close()
  }
}

/** What an action has done to the store. */
interface WriteMade {
  readonly before: readonly StoredObject[]
  readonly isWrite: boolean
}

class Run {
  private readonly setup: ExecutionSetup
  private readonly world: World
  /** How many more faults of each kind may happen. */
  private readonly left: Record<FaultKind, number>
  private readonly trace: TraceStep[] = []
  private readonly choices: number[] = []
  private readonly chosenSteps: number[] = []
  private readonly unrest: Unrest
  private readonly madeNames = new Set<string>()
  private readonly ending: Ending
  private readonly user: User
  private readonly incidents: Incidents
  private source: ChoiceSource
  private violation: Violation | undefined

  constructor(setup: ExecutionSetup, source: ChoiceSource) {
    this.setup = setup
    this.source = source
    this.world = new World(setup)
    this.unrest = new Unrest(setup.objects.length)
    this.left = Object.fromEntries(FAULT_KINDS.map(kind => [kind, setup.faults[kind].times])) as Record<
      FaultKind,
      number
    >
    const endings = ['kept', 'deleted'].map(
      label => ({ kind: 'user', actor: 'user', label, run: () => {} }) satisfies Action,
    )
    this.ending = this.choose(endings).label as Ending
    this.user = new User(this.world, setup, this.ending)
    this.incidents = new Incidents(this.world, setup.incidents)
  }

  async whole(judge: JudgeRest): Promise<Execution> {
    await this.untilRest()
    if (this.violation === undefined) this.judgeRest()
    const state = plainState(this.world.objects(), this.world.outside)
    const compared = this.comparedState(state)
    const { ending, madeNames } = this
    const verdict = this.violation ?? judge({ ending, state, compared, madeNames })
    if (verdict !== 'known') this.found(verdict)
    if (verdict !== 'known' && this.violation === undefined) {
      // What follows depends on the state alone: no choices, no faults.
      this.source = replayChoices([])
      for (const kind of FAULT_KINDS) this.left[kind] = 0
      await this.startAnew()
      if (this.violation === undefined) await this.stopForGood()
    }
    const { choices, chosenSteps, trace, violation } = this
    return {
      seed: this.setup.seed,
      choices,
      chosenSteps,
      trace,
      ending,
      state,
      compared,
      madeNames,
      violation,
    }
  }

  private comparedState(state: readonly string[]): readonly string[] {
    const { compared } = this.setup
    if (compared === undefined) return state
    const objects = this.world.objects().flatMap(object => compared(object) ?? [])
    return plainState(objects, this.world.outside)
  }

  close(): void {
    this.world.crashAll()
    void this.world.store.close()
  }

  private async untilRest(): Promise<void> {
    this.unrest.reset()
    for (;;) {
      const { world, user, incidents, left, setup } = this
      const { isQuiet } = this.unrest
      const action = this.choose(
        availableActions({ world, user, incidents, plan: setup.faults, left, isQuiet }),
      )
      if (action.kind === 'rest') return
      await this.take(action)
      if (this.violation !== undefined) return
    }
  }

  private choose(actions: readonly Action[]): Action {
    let index = 0
    if (actions.length > 1) {
      index = this.source.choose(actions)
      this.choices.push(index)
      this.chosenSteps.push(this.trace.length)
    }
    return actions[index] as Action
  }

  private async take(action: Action): Promise<void> {
    const { world } = this
    const { clock, store } = world
    const before = world.objects()
    const { revision } = store
    if (isFault(action)) this.left[action.kind as FaultKind]--
    // Every step takes a moment, so that times tell what came first.
    clock.moveTo(clock.elapsedMs + 1)
    await action.run()
    await hostTurn()
    this.note(action, { before, isWrite: store.revision !== revision })
    if (this.world.startError !== undefined) throw this.world.startError
    if (this.trace.length > this.setup.stepsMax) {
      const worst = mostFrequent(this.trace.slice(-LAST_STEPS).map(step => step.label))
      this.fail('noHotLoop', `no rest after ${this.setup.stepsMax} steps; most often: ${worst}`)
    }
  }

  private note(action: Action, { before, isWrite }: WriteMade): void {
    const { world } = this
    const { kind, actor, label } = action
    const timeMs = world.clock.elapsedMs
    const revision = isWrite ? { revision: world.store.revision } : {}
    const step: TraceStep = { kind, actor, label, timeMs, ...revision, isFault: isFault(action) }
    this.trace.push(step)
    this.setup.observer?.noted(step, world)
    if (isWrite) this.judgeWrite(action, before)
    const isChange = isWrite && differsPlainly(before, world.objects())
    const loop = this.unrest.note({ action, timeMs, isWrite, isChange })
    if (loop !== undefined) this.fail('noHotLoop', loop)
  }

  private judgeWrite(action: Action, before: readonly StoredObject[]): void {
    this.noteNames()
    if (isOfProcess(action))
      this.found(judgeWrite({ before, after: this.world.objects(), touched: this.user.touched }))
    this.judgeExpectations('always')
  }

  private noteNames(): void {
    const given = new Set(this.setup.objects.map(({ metadata }) => metadata.name))
    for (const { metadata } of this.world.objects())
      if (!given.has(metadata.name)) this.madeNames.add(metadata.name)
  }

  private judgeRest(): void {
    const { world } = this
    const lastError = world.logs.lines.findLast(({ level }) => level === 'error')
    const why =
      lastError === undefined ? '' : `; last error: ${errorText(lastError.fields, lastError.message)}`
    for (const { name, inFlight, failures } of world.processes.flatMap(
      ({ manager }) => manager.status().controllers,
    )) {
      if (inFlight > 0)
        return this.fail(
          'noStrayWork',
          `an attempt of ${name} waits for something that is not of its env: a timer, a socket, or a promise that nobody settles`,
        )
      if (failures > 0) return this.fail('converges', `${failures} keys of ${name} fail for ever${why}`)
    }
    for (const object of world.objects()) {
      if (object.metadata.deletionTimestamp !== undefined)
        return this.fail(
          'converges',
          `${nameOf(object)} is never gone: ${object.metadata.finalizers.join(', ')} holds it${why}`,
        )
    }
    if (this.ending === 'kept') return this.judgeExpectations('atRest')
    const left = [...world.objects().map(nameOf), ...[...world.outside.keys()].map(key => `outside ${key}`)]
    if (left.length > 0)
      this.fail('noOrphans', `every given object was deleted; left over: ${left.join(', ')}`)
  }

  private judgeExpectations(which: 'always' | 'atRest'): void {
    for (const [name, holds] of Object.entries(this.setup[which]))
      if (!holds(this.world.store)) this.fail(which, `not so: ${name}`)
  }

  private async startAnew(): Promise<void> {
    const { world } = this
    world.crashAll()
    world.clock.moveTo(world.clock.elapsedMs + LATER_MS)
    const { revision } = world.store
    const outside = plainState([], world.outside).join('\n')
    const from = this.trace.length
    await this.untilRest()
    if (this.violation !== undefined) return
    const wrote = this.trace.slice(from).find(step => step.revision !== undefined)
    if (world.store.revision !== revision)
      this.fail('idempotent', `at rest, a process that starts anew writes: ${wrote?.label}`)
    else if (plainState([], world.outside).join('\n') !== outside)
      this.fail('idempotent', 'at rest, a process that starts anew changes the world outside')
  }

  private async stopForGood(): Promise<void> {
    const { world } = this
    let running = world.processes.length
    const end = (): void => {
      running--
    }
    for (const { manager } of world.processes) manager.stop().then(end, end)
    const { revision } = world.store
    // A stop has promises of its own to pass, and steps that they lead to.
    await hostTurn()
    await this.untilRest()
    await hostTurn()
    if (running > 0) this.fail('noStrayWork', 'the parts do not stop')
    else if (world.store.revision !== revision) this.fail('noStrayWork', 'something writes after the stop')
  }

  private fail(invariant: InvariantName, message: string): void {
    this.found({ invariant, message })
  }

  private found(violation: Violation | undefined): void {
    if (violation === undefined || this.setup.except.some(name => name === violation.invariant)) return
    this.violation ??= violation
  }
}

function errorText(fields: Readonly<Record<string, unknown>>, message: string): string {
  const { err } = fields
  return err instanceof Error ? err.message : message
}

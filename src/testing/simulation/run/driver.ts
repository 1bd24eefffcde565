import type { ObjectChange, Reader, StoredObject } from '../../../store/index.js'
import { entrySuffix } from '../../guard/stack-frames.js'
import type { StepWatch } from '../../guard/step-watch.js'
import { stepName } from '../../guard/work-records.js'
import { hostTurn } from '../../host/event-loop.js'
import type { RejectionScope } from '../../host/unhandled-rejections.js'
import { hearRejections } from '../../host/unhandled-rejections.js'
import type { CapturedLog } from '../../virtual/captured-logs.js'
import type { Action } from '../actions/action.js'
import { isFault } from '../actions/action.js'
import { ActionList } from '../actions/action-list.js'
import type { Scene } from '../actions/available-actions.js'
import { actionsMeanwhile, availableActions, undisturbedAction } from '../actions/available-actions.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { FaultKind } from '../actions/faults/faults.js'
import { FAULT_KINDS } from '../actions/faults/faults.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { ChoiceSource, CurrentState } from '../choices/choice-source.js'
import { replayChoices } from '../choices/replay-choices.js'
import { WritesUnderWay } from '../clients/writes-under-way.js'
import { genericMonitors } from '../judge/generic/generic-monitors.js'
import { Judge, monitorsOf } from '../judge/judge.js'
import type { StepView } from '../judge/step-view.js'
import { readingOnly } from '../judge/step-view.js'
import { changesBeyondElections } from '../objects/election-objects.js'
import { nameOf } from '../objects/object-names.js'
import { changesPlainly, plainState } from '../objects/plain-state.js'
import type { ExecutionSetup, Observer } from '../setup/execution-setup.js'
import { Incidents } from '../world/incidents.js'
import type { Ending } from '../world/user.js'
import { User } from '../world/user.js'
import { World } from '../world/world.js'
import { noAnswer } from '../world/world-ground.js'
import { Activity, mostFrequent } from './activity.js'
import { loopAtEnd } from './loop-at-end.js'
import { StateKeys } from './state-key.js'
import type { WorldPlace } from './world-place.js'

const LAST_STEPS = 200
/** As a controller says it. */
const LEFT_UNDER_WAY = 'an attempt ended with writes under way; await them'
const RETURNED = 'it returned'
const NO_CHANGES: readonly ObjectChange[] = []
const ENDINGS = /* @__PURE__ */ new ActionList([
  { kind: 'user', actor: 'user', label: 'kept', run: () => {} },
  { kind: 'user', actor: 'user', label: 'deleted', run: () => {} },
])

/** What a step has found. */
interface Before {
  readonly revision: number
  readonly objects: readonly StoredObject[]
}

/** Moves a world step by step, as somebody chooses, and shows each step to the judge. */
export class Driver {
  readonly world: World
  readonly judge: Judge
  readonly ending: Ending
  readonly trace: TraceStep[] = []
  /** Steps that wrote more than records of elections. */
  readonly works: TraceStep[] = []
  readonly choices: number[] = []
  /** For each choice, the step that it led to. */
  readonly chosenSteps: number[] = []
  /** Of objects that were not given. */
  readonly madeNames: Set<string> = new Set()
  readonly #setup: ExecutionSetup
  readonly #reader: Reader
  readonly #user: User
  readonly #incidents: Incidents
  readonly #activity: Activity
  readonly #givenNames: ReadonlySet<string | undefined>
  /** How many more faults of each kind may happen. */
  readonly #left: Record<FaultKind, number>
  readonly #scene: Scene
  /** Present when the source of choices wants to know states. */
  #keys: StateKeys | undefined
  #where: CurrentState | undefined
  readonly #watch: StepWatch
  readonly #rejections: RejectionScope
  #source: ChoiceSource
  #stepsMax: number
  /** What there was outside the store, as text. */
  #outside = ''
  /** The step that is taken, in words. */
  #present: string | undefined
  /** True when it was stopped on the way, because the rest of it is known. */
  isStopped = false

  constructor(setup: ExecutionSetup, place: WorldPlace, source: ChoiceSource, watch: StepWatch) {
    const { objects, faults, incidents, invariants, except, stepsMax } = setup
    this.#setup = setup
    this.#source = source
    this.#watch = watch
    this.#stepsMax = stepsMax
    const breaksWatches = faults.disconnect.times + faults.expire.times > 0
    this.world = new World(place.ground, place.store, { ...setup, breaksWatches })
    this.#reader = readingOnly(this.world.store)
    this.#activity = new Activity(this.world, objects.length, setup.limits)
    this.#givenNames = new Set(objects.map(({ metadata }) => metadata.name))
    this.#left = timesOf(faults)
    this.ending = this.#choose(ENDINGS).label as Ending
    this.#user = new User(this.world, setup, this.ending)
    this.#incidents = new Incidents(this.world, incidents)
    this.#scene = {
      world: this.world,
      user: this.#user,
      incidents: this.#incidents,
      plan: faults,
      left: this.#left,
      activity: this.#activity,
    }
    const generic = genericMonitors(this.world, this.#user, this.ending)
    this.judge = new Judge([...generic, ...monitorsOf(invariants, this.ending)], except)
    this.#tellApart(source)
    const writes = setup.guard === undefined ? undefined : new WritesUnderWay(setup.guard)
    this.world.clientFor = this.#clientsFor(setup.observer, writes)
    const hear = (line: CapturedLog): void => this.#hear(line, writes)
    place.ground.heard = hear
    this.#rejections = hearRejections(reason => this.#reject(reason))
  }

  /** A reconciler that returns while it writes does not know what becomes of the write. */
  #hear({ fields, message }: CapturedLog, writes: WritesUnderWay | undefined): void {
    const { attempt, why } = fields
    if (message !== LEFT_UNDER_WAY || why !== RETURNED) return
    const place = writes?.lastPlace()
    const at = place === undefined ? '' : `, begun at ${place}`
    this.judge.report({
      invariant: 'noFloatingPromises',
      message: `${String(attempt)} returned while a write of it was under way${at}; nobody knows what becomes of it: await every write before returning`,
    })
  }

  #reject(reason: unknown): void {
    const what = reason instanceof Error ? reason.message : String(reason)
    this.judge.report({
      invariant: 'noFloatingPromises',
      message: `a promise that nobody awaits was rejected${entrySuffix(reason)}, after ${this.#present ?? 'the start'}: ${what}`,
    })
  }

  /** Who sees what a process asks its client: the observer, the keys of states, the judge. */
  #clientsFor(observer: Observer | undefined, writes: WritesUnderWay | undefined): World['clientFor'] {
    const keys = this.#keys
    return (client, process) => {
      const observed = observer?.listen(client, process) ?? client
      const judged = this.judge.clientFor(keys?.clientFor(observed, process) ?? observed, process)
      // Outermost: the place of a write is looked for up to the first frame of the simulation.
      return writes?.seenThrough(judged) ?? judged
    }
  }

  #tellApart({ states }: ChoiceSource): void {
    if (states === undefined) return
    const user = this.#user
    const incidents = this.#incidents
    const left = this.#left
    const { world } = this
    const keys = new StateKeys({ world, user, incidents }, states)
    this.#keys = keys
    this.#where = {
      key: () => keys.key(),
      keyWithout: process => keys.key(process),
      labelOf: action => keys.labelOf(action),
      isPlain: () => world.outside.size === 0,
      left,
    }
  }

  get isOver(): boolean {
    return this.judge.violation !== undefined
  }

  /** True when the world was taken to be at rest although somebody waits for a time far off. */
  get isAwaiting(): boolean {
    return this.#activity.isAwaiting
  }

  /** From now on everything goes its undisturbed way. */
  disturbNoMore(): void {
    this.#source = replayChoices([])
    this.#keys = undefined
    this.#where = undefined
    for (const kind of FAULT_KINDS) this.#left[kind] = 0
  }

  /** Goes on until nothing more happens, or the judge has seen enough. */
  async untilRest(): Promise<void> {
    this.#activity.reset()
    this.#stepsMax = this.trace.length + this.#setup.stepsMax
    while (!this.isOver) {
      const scene = this.#scene
      // Most executions end with a long way that is undisturbed, on which nobody asks for what else could happen.
      const isOver = this.#where === undefined && this.#source.isOver === true
      const action = isOver ? undisturbedAction(scene) : this.#choose(availableActions(scene))
      if (action.kind === 'rest' || this.isStopped) return
      await this.take(action)
    }
  }

  async take(action: Action): Promise<void> {
    const { clock, store } = this.world
    const before = this.world.objects()
    const { revision } = store
    if (isFault(action)) this.#left[action.kind as FaultKind]--
    // Every step takes a moment, so that times tell what came first.
    clock.moveTo(clock.elapsedMs + 1)
    const { guard } = this.#setup
    this.#watch.beat(action)
    this.#rejections.claim()
    this.#present = stepName(action)
    const running = guard === undefined ? action.run() : guard.within(action, action.run)
    const isElsewhere = this.#setup.createStore !== undefined
    if (running !== undefined && !isElsewhere) await running
    await hostTurn()
    this.#note(action, store.revision === revision ? undefined : { revision, objects: before })
    if (this.world.startError !== undefined) throw this.world.startError
    if (this.trace.length > this.#stepsMax) {
      const worst = mostFrequent(this.trace.slice(-LAST_STEPS).map(step => step.label))
      this.#reportLoop(`no rest after ${this.#setup.stepsMax} steps; most often: ${worst}`)
    }
    if (running !== undefined && isElsewhere) await this.#untilAnswered(running)
  }

  /** The store in memory answers by itself. What another one does until it has answered is steps and timers, of any order. */
  async #untilAnswered(running: Promise<void>): Promise<void> {
    let isAnswered = false
    const answered = (): void => {
      isAnswered = true
    }
    running.then(answered, answered)
    await hostTurn()
    while (!isAnswered && !this.isOver && !this.isStopped) {
      const actions = actionsMeanwhile(this.world)
      if (actions === undefined) throw noAnswer()
      const action = this.#choose(actions)
      if (!this.isStopped) await this.take(action)
    }
    if (isAnswered) await running
  }

  /** Shows the judge the world at rest. */
  judgeRest(): void {
    const step = {
      kind: 'rest',
      actor: 'world',
      label: 'rest',
      timeMs: this.#timeMs,
      isFault: false,
    } as const
    this.judge.rest(this.#view(step, NO_CHANGES))
  }

  /** In a world whose processes have crashed nothing runs, so there is nothing else to end. */
  close(): void {
    // First, so that a failure here leaves the host its listeners.
    this.#rejections.close()
    this.world.crashAll()
    // Nothing of it is used any more; one that cannot end by itself ends with its env.
    void this.world.store.close().catch(() => {})
  }

  get #timeMs(): number {
    return this.world.clock.elapsedMs
  }

  #choose(actions: ActionList): Action {
    let index = 0
    // A source that knows states is asked in each of them.
    const { isOpen } = actions
    if (isOpen || this.#where !== undefined) {
      const choice = this.#source.choose(actions, this.#where)
      this.isStopped = choice === 'stop'
      if (choice === 'stop') return actions.first
      index = choice
    }
    if (isOpen) {
      this.choices.push(index)
      this.chosenSteps.push(this.trace.length)
    }
    return actions.at(index)
  }

  /** @param before what there was, if the action wrote */
  #note(action: Action, before: Before | undefined): void {
    const timeMs = this.#timeMs
    const { world } = this
    const { kind, actor, label, about } = action
    const isWrite = before !== undefined
    const seen = { kind, actor, label, timeMs, isFault: isFault(action) }
    const step: TraceStep = isWrite ? { revision: world.store.revision, ...seen } : seen
    this.trace.push(step)
    const changes = isWrite ? world.inventory.changesSince(before.revision, before.objects) : NO_CHANGES
    this.#keys?.note(action, before?.objects ?? world.objects(), changes)
    this.#setup.observer?.noted(step, world)
    for (const { before: old, after: now } of changes) {
      if (now === undefined) continue
      if (!this.#givenNames.has(now.metadata.name)) this.madeNames.add(now.metadata.name)
      const isBegun = now.metadata.deletionTimestamp !== undefined
      if (isBegun && old?.metadata.deletionTimestamp === undefined) world.noteDeletion(nameOf(now))
    }
    this.judge.step(this.#view(step, changes, about))
    const isWork = changesBeyondElections(changes)
    if (isWork) this.works.push(step)
    const loop = this.#activity.note({
      action,
      timeMs,
      isWrite: isWork,
      objects: world.objects().length,
      isChange: () => changesPlainly(changes) || this.#changesOutside(),
    })
    if (loop !== undefined) this.#reportLoop(loop)
  }

  /** True when the world outside says something else than when it was asked last. */
  #changesOutside(): boolean {
    const { outside } = this.world
    const text = outside.size === 0 ? '' : plainState([], outside).join('\n')
    const isChange = text !== this.#outside
    this.#outside = text
    return isChange
  }

  #view(step: TraceStep, changes: readonly ObjectChange[], about?: Action['about']): StepView {
    const reader = this.#reader
    const timeMs = this.#timeMs
    const { trace, world } = this
    return { reader, changes, step, about, steps: trace.length, timeMs, outside: world.outside }
  }

  #reportLoop(message: string): void {
    const loop = loopAtEnd(this.trace)
    this.judge.report({ invariant: 'noHotLoop', message, ...(loop === undefined ? {} : { loop }) })
  }
}

function timesOf(faults: FaultPlan): Record<FaultKind, number> {
  const times: Partial<Record<FaultKind, number>> = {}
  for (const kind of FAULT_KINDS) times[kind] = faults[kind].times
  return times as Record<FaultKind, number>
}

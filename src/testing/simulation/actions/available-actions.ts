import type { ActionOf, Offers } from '../world/action-of.js'
import type { PooledStep } from '../world/step-pool.js'
import type { World } from '../world/world.js'
import type { Action, ActionKind } from './action.js'
import type { FaultOffers } from './action-list.js'
import { ActionList } from './action-list.js'
import type { FaultPlan, FaultSettings } from './fault-settings.js'
import type { Situation } from './faults/fault.js'
import type { FaultKind } from './faults/faults.js'
import { FAULTS } from './faults/faults.js'
import { resumptions } from './resumptions.js'
import { stopsOfReplaced } from './stops.js'
import { timerActions } from './timers.js'

/** Where a world is, and what is left of the budget for faults. */
export interface Scene extends Omit<Situation, 'isBusy' | 'isAtRest'> {
  readonly plan: FaultPlan
  readonly left: Readonly<Record<FaultKind, number>>
}

const REST: Action = { kind: 'rest', actor: 'world', label: 'rest', run: () => {} }
const NOTHING: readonly Action[] = []
/** Of one shape: each step asks all of them. */
const ASKED = /* @__PURE__ */ FAULTS.map(({ kind, ofSeveral = false, offers }) => ({
  kind,
  ofSeveral,
  offers,
}))

/**
 * Everything that can happen next, faults last. The first one is what would happen undisturbed:
 * steps in their order, then stalls that are over, then due timers, then missing processes, then those that were
 * replaced, then the user, then what was held back, then time passes.
 */
export function availableActions(scene: Scene): ActionList {
  const { world, user, incidents, plan, left, activity } = scene
  const { clock } = world
  const { elapsedMs } = clock
  const actions: Action[] = []
  for (const { action } of world.steps()) actions.push(action)
  if (world.isStalling) for (const resumption of resumptions(world, elapsedMs)) actions.push(resumption)
  const timerAtMs = clock.nextAtMs()
  if (timerAtMs !== undefined && timerAtMs <= elapsedMs)
    for (const timer of timerActions(world, 'timer')) actions.push(timer)
  if (world.lacksProcess)
    actions.push({ kind: 'start', actor: 'host', label: 'start the process', run: () => world.start() })
  if (world.collects) for (const collection of world.collector.collections()) actions.push(collection)
  const isBusy = actions.length > 0
  for (const stop of stopsOfReplaced(world)) actions.push(stop)
  const next = user.next(isBusy) ?? incidents.next()
  if (next !== undefined) actions.push(next)
  if (!isBusy) {
    for (const step of world.pool.held())
      if (!world.isStalled(step.process)) actions.push(lateAction(world, step))
    for (const later of laterActions(world, activity)) actions.push(later)
    if (actions.length === 0) actions.push(REST)
  }
  const isAtRest = actions[0]?.kind === 'rest'
  const situation = { world, user, incidents, activity, isBusy, isAtRest }
  return new ActionList(actions, () => faultsOffered(situation, plan, left))
}

/** What can happen while the store has still to answer somebody: what waits, else what was held back, else time passes. */
export function actionsMeanwhile(world: World): ActionList | undefined {
  const { clock } = world
  const steps = world.steps().map(({ action }) => action)
  if (steps.length > 0) return new ActionList(steps)
  const held = world.pool.held().filter(step => !world.isStalled(step.process))
  if (held.length > 0) return new ActionList(held.map(step => lateAction(world, step)))
  const { resumesAtMs = Number.POSITIVE_INFINITY } = world
  const timerAtMs = clock.nextAtMs() ?? Number.POSITIVE_INFINITY
  if (resumesAtMs === Number.POSITIVE_INFINITY && timerAtMs === Number.POSITIVE_INFINITY) return undefined
  return new ActionList(
    resumesAtMs <= timerAtMs ? resumptions(world, resumesAtMs) : timerActions(world, 'wait'),
  )
}

/** The first of what is available: what happens next undisturbed. */
export function undisturbedAction(scene: Scene): Action {
  const [step] = scene.world.steps()
  return step?.action ?? availableActions(scene).first
}

/** What the passing of time leads to next. */
function laterActions(world: World, activity: Situation['activity']): readonly Action[] {
  const timerAtMs = world.clock.nextAtMs() ?? Number.POSITIVE_INFINITY
  const { resumesAtMs } = world
  if (resumesAtMs !== undefined && resumesAtMs <= timerAtMs) return resumptions(world, resumesAtMs)
  if (timerAtMs === Number.POSITIVE_INFINITY) return NOTHING
  return resumesAtMs === undefined && activity.isQuiet ? NOTHING : timerActions(world, 'wait')
}

/** A step that was held back runs, and all of its sort are released. */
function lateAction(world: World, step: PooledStep): Action {
  return {
    kind: step.about.kind,
    actor: step.process,
    label: `${step.about.label}, late`,
    run: () => {
      world.pool.release(step)
      return step.action.run()
    },
  }
}

/** Faults that may happen now, of which `left` says how many more may. */
function faultsOffered(
  situation: Situation,
  plan: FaultPlan,
  left: Readonly<Record<FaultKind, number>>,
): readonly FaultOffers[] {
  const found: FaultOffers[] = []
  // Last, so that those who do not take them have the same numbers for all others.
  const plannedOnly: FaultOffers[] = []
  for (const { kind, ofSeveral, offers } of ASKED) {
    if (left[kind] <= 0) continue
    const { target, isAsked, isPlannedOnly } = plan[kind]
    if (!isAsked && ofSeveral && situation.world.instances < 2) continue
    if (isPlannedOnly && !situation.isAtRest) continue
    const all = offers(situation)
    const meant = target === undefined ? all : offersFor(target, all)
    if (meant.length > 0) (isPlannedOnly ? plannedOnly : found).push({ kind, offers: meant })
  }
  return plannedOnly.length === 0 ? found : [...found, ...plannedOnly]
}

/** Those that the options say a fault may happen to. */
function offersFor(
  target: NonNullable<FaultSettings['target']>,
  offers: Offers<ActionKind>,
): readonly ActionOf<ActionKind>[] {
  return Array.from({ length: offers.length }, (_, index) => offers.at(index) as Action).filter(target)
}

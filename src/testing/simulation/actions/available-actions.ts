import type { StoredObject } from '../../../store/index.js'
import type { Action, FaultKind } from './action.js'
import type { PooledStep } from '../world/step-pool.js'
import { nameOf, type User } from '../world/user.js'
import type { World } from '../world/world.js'

/** What may happen next, and what is left of the budget for faults. */
export interface Situation {
  readonly world: World
  readonly user: User
  readonly budget: Readonly<Record<FaultKind, number>>
  /** True when timers fire and lead to nothing: then the world counts as at rest. */
  readonly isQuiet: boolean
}

/**
 * Everything that can happen next, faults last. The first one is what would happen if nobody disturbed anything:
 * steps in their order, then due timers, then the user, then time goes on.
 */
export function availableActions(situation: Situation): readonly Action[] {
  const { world, user, isQuiet } = situation
  const actions: Action[] = world.pool.waiting().map(step => stepAction(world, step))
  const { clock } = world
  const timerAtMs = clock.nextAtMs()
  if (timerAtMs !== undefined && timerAtMs <= clock.elapsedMs) actions.push(timerAction(world, 'timer'))
  if (world.process === undefined)
    actions.push({ kind: 'start', actor: 'host', label: 'start the process', run: () => world.start() })
  actions.push(...collections(world))
  const isBusy = actions.length > 0
  const wish = user.next()
  if (wish !== undefined) actions.push(wish)
  if (!isBusy) {
    const mayWait = timerAtMs !== undefined && !isQuiet
    if (mayWait) actions.push(timerAction(world, 'wait'))
    else if (wish === undefined) actions.push({ kind: 'rest', actor: 'world', label: 'rest', run: () => {} })
  }
  return [...actions, ...faults(situation, isBusy && timerAtMs !== undefined && timerAtMs > clock.elapsedMs)]
}

function faults({ world, user, budget }: Situation, mayDelay: boolean): readonly Action[] {
  const found: Action[] = []
  if (budget.crash > 0 && world.process !== undefined) found.push(...crashes(world))
  if (budget.delay > 0 && mayDelay) found.push(timerAction(world, 'delay'))
  if (budget.touch > 0) found.push(...user.touchings(underWay(world)))
  if (budget.edit > 0) found.push(...user.edits())
  if (budget.remove > 0) found.push(...user.removals())
  return found
}

/** Keys that commits under way are about. */
function underWay(world: World): ReadonlySet<string> {
  return new Set(
    world.pool.waiting().flatMap(({ about }) => (about.kind === 'commit' ? (about.writes ?? []) : [])),
  )
}

function stepAction(world: World, step: PooledStep): Action {
  return {
    kind: step.about.kind,
    actor: step.process,
    label: step.about.label,
    run: () => {
      world.pool.take(step)
      step.run()
    },
  }
}

function timerAction({ clock }: World, kind: 'timer' | 'wait' | 'delay'): Action {
  const actor = clock.pending()[0]?.process ?? 'world'
  return {
    kind,
    actor,
    label: kind === 'delay' ? 'a timer fires before what waits' : 'a timer fires',
    run: () => {
      clock.moveTo(clock.nextAtMs() ?? clock.elapsedMs)
      clock.fireNext()
    },
  }
}

function crashes(world: World): readonly Action[] {
  const after = world.pool
    .waiting()
    .filter(step => step.about.kind === 'commit')
    .map(step => ({
      kind: 'crash' as const,
      actor: step.process,
      label: `${step.about.label}, then crash`,
      run: () => {
        world.pool.take(step)
        step.run()
        world.crash()
      },
    }))
  const now = {
    kind: 'crash' as const,
    actor: world.process?.name ?? 'host',
    label: 'crash',
    run: () => world.crash(),
  }
  return [now, ...after]
}

/** What a garbage collector would take away: objects whose owners are all gone. */
function collections(world: World): readonly Action[] {
  const objects = world.objects()
  const uids = new Set(objects.map(({ metadata }) => metadata.uid))
  const isGarbage = ({ metadata: { ownerReferences, deletionTimestamp } }: StoredObject): boolean =>
    ownerReferences.length > 0 &&
    deletionTimestamp === undefined &&
    ownerReferences.every(({ uid }) => !uids.has(uid))
  return objects.filter(isGarbage).map(object => ({
    kind: 'collect',
    actor: 'collector',
    label: `delete ${nameOf(object)}, whose owner is gone`,
    run: async () => {
      await world.store.delete(world.kindOf(object), object.metadata)
    },
  }))
}

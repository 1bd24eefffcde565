import { changesBeyondElections } from '../../objects/election-objects.js'
import { keyOf } from '../../objects/object-names.js'
import { isOfProcess } from '../../world/action-of.js'
import type { World } from '../../world/world.js'
import type { Monitor } from '../invariant.js'
import type { StepView } from '../step-view.js'

/** @param stopped names of processes that were stopped, and have said that they are */
export function noWriteAfterStopMonitor(stopped: ReadonlySet<string>): Monitor {
  /** Before the step: what a stop writes last may be what ends it. */
  let over: ReadonlySet<string> = new Set()
  return {
    step: ({ changes, step }) => {
      const isWrong = changes.length > 0 && isOfProcess(step) && over.has(step.actor)
      if (stopped.size !== over.size) over = new Set(stopped)
      return isWrong ? `${step.actor} has stopped, and writes: ${step.label}` : undefined
    },
  }
}

/**
 * A store refuses writes through a client whose fence no longer stands. What this finds are writes beside it: a process
 * that has written a kind under a fence writes that kind without one, after another process has taken the fence.
 */
export function noWriteAfterFenceMonitor(): Monitor {
  /** By process: the fences that it has written under. */
  const fencesOf = new Map<string, Set<string>>()
  /** By fence: the kinds that were written under it. */
  const kindsUnder = new Map<string, Set<string>>()
  /** By key: the process that wrote last. */
  const writers = new Map<string, string>()

  const judge = ({ step, about }: StepView): string | undefined => {
    if (about?.writes === undefined || !isOfProcess(step)) return undefined
    const { reads = [], writes } = about
    const fences = reads.filter(key => !writes.includes(key))
    for (const fence of fences) {
      addTo(fencesOf, step.actor, fence)
      // The objects of an election are written by candidates too.
      for (const key of writes) if (kindOf(key) !== kindOf(fence)) addTo(kindsUnder, fence, kindOf(key))
    }
    if (fences.length > 0) return undefined
    for (const fence of fencesOf.get(step.actor) ?? []) {
      const writer = writers.get(fence)
      const isTaken = writer !== undefined && writer !== step.actor
      if (isTaken && writes.some(key => kindsUnder.get(fence)?.has(kindOf(key))))
        return `${step.actor} writes without the fence ${fence}, which is ${writer}'s now: ${step.label}`
    }
    return undefined
  }
  return {
    step: view => {
      if (view.changes.length === 0) return undefined
      const wrong = judge(view)
      for (const { before, after } of view.changes) {
        const object = after ?? before
        if (object !== undefined && isOfProcess(view.step)) writers.set(keyOf(object), view.step.actor)
      }
      return wrong
    },
  }
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}

function kindOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

/** A process all of whose parts need leadership writes nothing while another one leads. */
export function noWriteOnStandbyMonitor(world: Pick<World, 'processes'>): Monitor {
  return {
    step: ({ changes, step }) => {
      const { processes } = world
      const writer = processes.find(({ name }) => name === step.actor)
      if (writer === undefined || processes.length < 2 || !changesBeyondElections(changes)) return undefined
      // One that stands still cannot be asked whether it leads.
      const leader = processes.find(
        ({ manager, stalledUntilMs }) =>
          stalledUntilMs === undefined && manager.status().election?.leading === true,
      )
      if (leader === undefined || leader === writer || !writer.manager.status().standby) return undefined
      return `${step.actor} does not lead any more, ${leader.name} does, and yet ${step.actor} writes: ${step.label}`
    },
  }
}

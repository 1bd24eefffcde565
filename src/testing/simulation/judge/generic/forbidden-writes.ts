import { keyOf } from '../../objects/object-names.js'
import { isOfProcess } from '../../world/action-of.js'
import type { Monitor } from '../invariant.js'
import type { StepView } from '../step-view.js'

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

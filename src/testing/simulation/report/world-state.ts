import { UsageError } from '../../../core/index.js'
import type { StoredObject } from '../../../store/index.js'
import type { ObservedStep } from './observation.js'

/** What a world holds between two steps. */
export interface WorldState {
  /** Virtual milliseconds since the start. */
  readonly timeMs: number
  /** Of the store. */
  readonly revision: number
  /** Of all kinds. */
  readonly objects: readonly StoredObject[]
}

/** @throws UsageError when there is no such step */
export function worldAfter(steps: readonly ObservedStep[], step: number): WorldState {
  if (!Number.isSafeInteger(step) || step < 0 || step > steps.length)
    throw new UsageError(`there is no step ${step}; steps are 1 to ${steps.length}, and 0 is the beginning`)
  const past = steps.slice(0, step)
  const { timeMs = 0, objects = [] } = past.at(-1) ?? {}
  return { timeMs, objects, revision: past.findLast(({ revision }) => revision !== undefined)?.revision ?? 0 }
}

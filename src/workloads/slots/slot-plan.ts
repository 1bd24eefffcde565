import type { SlotView } from './slot-order.js'
import { slotsByKeeping } from './slot-order.js'

/** A slot that is there. */
export interface SlotState extends SlotView {
  readonly terminating: boolean
}

/** Which slots come and go now, by number. */
export interface SlotPlan {
  readonly create: readonly number[]
  readonly remove: readonly number[]
}

/**
 * Which slots of a replicated set come and go: what is missing gets the lowest numbers that are free, those on their way out
 * not among them; what is too much goes as `slotsByKeeping` says. Pure.
 */
export function planSlots(replicas: number, slots: readonly SlotState[]): SlotPlan {
  const staying = slots.filter(({ terminating }) => !terminating)
  if (staying.length >= replicas) {
    const gone = slotsByKeeping(staying).slice(replicas)
    return { create: [], remove: gone.map(({ slot }) => slot) }
  }
  return {
    create: lowestFree(new Set(slots.map(({ slot }) => slot)), replicas - staying.length, 1),
    remove: [],
  }
}

/** A slot of the present iteration of a job. */
export interface JobSlotState {
  readonly slot: number
  /** `Complete`: has ended well. `Stopped`: was given up. Absent: at work. */
  readonly phase?: 'Complete' | 'Stopped'
}

/**
 * The slots of a replicated job that begin now: as many as may run at once less those at work, but no more than are still
 * to be completed. One that was given up keeps its place, and so the job is never complete. A limit that was lowered
 * below what is at work begins none, and ends none. Pure.
 */
export function planJobSlots(
  { totalCompletions, maxConcurrent }: { readonly totalCompletions: number; readonly maxConcurrent: number },
  slots: readonly JobSlotState[],
): readonly number[] {
  const atWork = slots.filter(({ phase }) => phase === undefined).length
  const count = Math.min(maxConcurrent - atWork, totalCompletions - slots.length)
  return lowestFree(new Set(slots.map(({ slot }) => slot)), count, 0)
}

function lowestFree(taken: ReadonlySet<number>, count: number, from: number): readonly number[] {
  const free: number[] = []
  for (let slot = from; free.length < count; slot += 1) if (!taken.has(slot)) free.push(slot)
  return free
}

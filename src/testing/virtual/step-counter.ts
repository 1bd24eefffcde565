import { compareText } from '../../core/internal.js'
import { LivelockError } from './virtual-errors.js'

/** Counts what runs at one instant, and refuses endless work. */
export interface StepCounter {
  /** @throws LivelockError when more than the limit ran since the last reset */
  count(label: string): void
  reset(): void
}

const NAMED_MAX = 5

/** A counter that allows `stepsMax` steps between resets. */
export function createStepCounter(stepsMax: number): StepCounter {
  const counts = new Map<string, number>()
  let total = 0
  return {
    count: label => {
      counts.set(label, (counts.get(label) ?? 0) + 1)
      total++
      if (total > stepsMax) throw new LivelockError(stepsMax, mostFrequent(counts))
    },
    reset: () => {
      counts.clear()
      total = 0
    },
  }
}

function mostFrequent(counts: ReadonlyMap<string, number>): LivelockError['labels'] {
  return [...counts]
    .map(([label, count]) => ({ label, count }))
    .sort((a, b) => b.count - a.count || compareText(a.label, b.label))
    .slice(0, NAMED_MAX)
}

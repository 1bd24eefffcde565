import type { ObservedStep } from './observation.js'
import { actionText, stepText } from './step-text.js'

const LINES_MAX = 4

/**
 * Where an execution leaves the undisturbed way, a line for the first time and for each fault: what came, and what
 * would have come instead. Undefined when it never does.
 */
export function describeDivergence(steps: readonly ObservedStep[]): string | undefined {
  const first = steps.findIndex(({ instead }) => instead !== undefined)
  if (first === -1) return undefined
  const lines = steps.flatMap((step, at) => {
    const { instead, isFault, actor } = step
    if (instead === undefined || (at !== first && !isFault)) return []
    return [
      `  step ${at + 1}: ${actor} ${stepText(step)}, instead of ${instead.actor} ${actionText(instead)}`,
    ]
  })
  const left = lines.length - LINES_MAX
  return [...lines.slice(0, LINES_MAX), ...(left > 0 ? [`  and ${left} faults more`] : [])].join('\n')
}

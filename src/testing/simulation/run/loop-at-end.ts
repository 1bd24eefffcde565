import type { TraceStep } from '../actions/trace-step.js'
import type { Violation } from '../judge/violation.js'

const PERIOD_MAX = 200
/** So often a part must have come in a row. */
const REPEATS = 3

/**
 * The shortest part with which a trace ends several times in a row, and where the first of them begins. Steps are the
 * same when who does what is; undefined when nothing repeats.
 */
export function loopAtEnd(trace: readonly TraceStep[]): Violation['loop'] {
  const texts = trace.map(({ actor, kind, label }) => `${actor} ${kind} ${label}`)
  const longest = Math.min(PERIOD_MAX, Math.floor(texts.length / REPEATS))
  for (let length = 1; length <= longest; length++) {
    let from = texts.length - length
    while (from > 0 && texts[from - 1] === texts[from - 1 + length]) from--
    if (texts.length - from >= REPEATS * length) return { from, length }
  }
  return undefined
}

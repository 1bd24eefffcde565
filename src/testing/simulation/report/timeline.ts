import type { TraceStep } from '../run/execution.js'

const DAY_MS = 86_400_000
const LINES_MAX = 60
const HEAD_LINES = 16
const TAIL_LINES = 6

/**
 * Steps as text, one a line: when, who, what, and the revision that it led to. Faults are marked with `!`; of a
 * long trace the middle is left out.
 */
export function formatTimeline(trace: readonly TraceStep[]): string {
  if (trace.length > LINES_MAX) {
    const left = trace.length - HEAD_LINES - TAIL_LINES
    return [
      formatTimeline(trace.slice(0, HEAD_LINES)),
      `  … ${left} more steps …`,
      formatTimeline(trace.slice(-TAIL_LINES)),
    ].join('\n')
  }
  const actorWidth = Math.max(0, ...trace.map(({ actor }) => actor.length))
  const timeWidth = Math.max(0, ...trace.map(({ timeMs }) => timeText(timeMs).length))
  return trace
    .map(({ kind, actor, label, timeMs, revision, isFault }) => {
      const what = label.startsWith(kind) || !isProcessStep(kind) ? label : `${kind} ${label}`
      const to = revision === undefined ? '' : ` → ${revision}`
      return `${isFault ? '!' : ' '} ${timeText(timeMs).padStart(timeWidth)}  ${actor.padEnd(actorWidth)}  ${what}${to}`
    })
    .join('\n')
}

/** Milliseconds, after whole days. */
function timeText(timeMs: number): string {
  const days = Math.floor(timeMs / DAY_MS)
  return days === 0 ? `${timeMs} ms` : `${days} d ${timeMs - days * DAY_MS} ms`
}

function isProcessStep(kind: TraceStep['kind']): boolean {
  return kind === 'reconcile' || kind === 'call'
}

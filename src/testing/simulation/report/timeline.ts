import type { CapturedLog } from '../../virtual/captured-logs.js'
import type { Violation } from '../judge/violation.js'
import type { Repeat } from './fold-repeats.js'
import { foldRepeats } from './fold-repeats.js'
import type { ObservedStep } from './observation.js'
import { durationText, resultText, stepText } from './step-text.js'

const LINES_MAX = 36
const TAIL_LINES = 8
const LOG_MAX = 110

interface Numbered {
  readonly number: number
  /** Part of an endless loop. */
  readonly isLoop: boolean
  readonly step: ObservedStep
  /** Virtual milliseconds since the step before. */
  readonly passedMs: number
}

/**
 * Steps as text, one a line: its number, who, what, the revision that it led to (`@7`), and what is new then. Faults
 * are marked with `!`, what came out of turn with `>`, an endless loop with `↻`. A step takes a millisecond; where more
 * time passes, a line says how much. Stretches that come again and again are told once, and of what is still too long
 * the middle is left out, unless it is to be whole.
 */
export function formatTimeline(
  steps: readonly ObservedStep[],
  loop?: Violation['loop'],
  isWhole = false,
): string {
  const numbered = steps.map((step, at) => ({
    number: at + 1,
    isLoop: loop !== undefined && at >= loop.from,
    step,
    passedMs: step.timeMs - (steps[at - 1]?.timeMs ?? 0),
  }))
  const widths = {
    number: String(steps.length).length,
    actor: Math.max(0, ...steps.map(({ actor }) => actor.length)),
    log: isWhole ? Number.POSITIVE_INFINITY : LOG_MAX,
  }
  const lines = foldRepeats(numbered, ({ step }) => idOf(step)).flatMap(stretch => linesOf(stretch, widths))
  if (isWhole || lines.length <= LINES_MAX) return lines.join('\n')
  const head = LINES_MAX - TAIL_LINES - 1
  const left = lines.length - head - TAIL_LINES
  return [...lines.slice(0, head), `  … ${left} more lines …`, ...lines.slice(-TAIL_LINES)].join('\n')
}

interface Widths {
  readonly number: number
  readonly actor: number
  /** Most of a line of the log. */
  readonly log: number
}

/** What a step is, wherever it stands. */
export function idOf({ actor, kind, label, isFault, instead, refusals, isOver }: ObservedStep): string {
  return JSON.stringify([actor, kind, label, isFault, instead === undefined, refusals, isOver])
}

function linesOf({ items, times, all }: Repeat<Numbered>, widths: Widths): readonly string[] {
  const lines = items.flatMap(item => stepLines(item, widths))
  const last = all.at(-1)
  if (times === 1 || last === undefined) return lines
  const passedMs = all.slice(items.length).reduce((sum, item) => sum + item.passedMs, 0)
  const what = items.length === 1 ? 'the same' : `these ${items.length} steps`
  const indent = ' '.repeat(widths.number + 4)
  const revision = all.findLast(({ step }) => step.revision !== undefined)?.step.revision
  const to = revision === undefined ? '' : `, to @${revision}`
  return [
    ...lines,
    `${indent}… ${what} ${times - 1} times more, until step ${last.number}${to}, in ${durationText(passedMs)}`,
  ]
}

function stepLines({ number, isLoop, step, passedMs }: Numbered, widths: Widths): readonly string[] {
  const mark = step.isFault ? '!' : isLoop ? '↻' : step.instead === undefined ? ' ' : '>'
  const indent = ' '.repeat(widths.number + 4)
  const to = step.revision === undefined ? '' : ` @${step.revision}`
  const result = resultText(step)
  const line = `${mark} ${String(number).padStart(widths.number)}  ${step.actor.padEnd(widths.actor)}  ${stepText(step)}${to}${result === undefined ? '' : ` (${result})`}`
  const later = passedMs > 1 ? [`${indent}${durationText(passedMs - 1)} later`] : []
  return [
    ...later,
    line,
    ...new Set(step.logs.map(log => `${indent}${' '.repeat(widths.actor + 2)}${logText(log, widths.log)}`)),
  ]
}

function logText({ level, message, fields }: CapturedLog, max: number): string {
  const { key, err } = fields
  const of = typeof key === 'string' ? `${key}: ` : ''
  const why = err instanceof Error ? `: ${err.message}` : ''
  const text = `${level === 'debug' ? 'info' : level}: ${of}${message}${why}`.replaceAll(/\s+/g, ' ')
  return text.length > max ? `${text.slice(0, max - 1)}…` : text
}

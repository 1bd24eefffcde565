import type { Logger } from '../../core/index.js'
import type { LogFields, LogMethod } from '../../core/internal.js'

/** One captured log line. */
export interface CapturedLog {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  /** The line's fields over the bindings of its logger. */
  readonly fields: LogFields
  /** Virtual wall time. */
  readonly timeMs: number
}

/** A logger that keeps its lines. */
export interface LogCapture {
  /** Oldest first; at most `linesMax`, then the oldest are dropped. */
  readonly lines: readonly CapturedLog[]
  readonly logger: Logger
}

/** Keeps the last `linesMax` lines, stamped with `now()`; `heard` is told of each. */
export function captureLogs(
  now: () => number,
  linesMax = 10_000,
  heard: (line: CapturedLog) => void = () => {},
): LogCapture {
  const lines: CapturedLog[] = []
  const keep = (line: CapturedLog): void => {
    if (lines.length >= linesMax) lines.shift()
    lines.push(line)
    heard(line)
  }
  const loggerWith = (bindings: LogFields): Logger => {
    const method =
      (level: CapturedLog['level']): LogMethod =>
      (first: LogFields | string, message?: string) => {
        const fields = typeof first === 'string' ? bindings : { ...bindings, ...first }
        keep({ level, message: typeof first === 'string' ? first : (message ?? ''), fields, timeMs: now() })
      }
    return {
      debug: method('debug'),
      info: method('info'),
      warn: method('warn'),
      error: method('error'),
      child: more => loggerWith({ ...bindings, ...more }),
    }
  }
  return { lines, logger: loggerWith({}) }
}

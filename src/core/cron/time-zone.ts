/** A zone is asked at both ends of a span; equal answers mean that nothing changed in it. No zone changes there and back. */
const SPAN_MS = 4 * 86_400_000

/** Spans that are remembered; then all are forgotten. */
const SPANS_MAX = 4_096

/** The offset before and after one change, and when that is; never when both are the same. */
interface Span {
  readonly beforeMs: number
  readonly afterMs: number
  readonly changeAtMs: number
}

/** What the clocks of a zone show. */
export interface TimeZone {
  /** Of the wall clock against UTC, in ms. */
  offsetAt(ms: number): number
  /** The first change in (`fromMs`, `untilMs`]; undefined when there is none. */
  nextChange(fromMs: number, untilMs: number): number | undefined
}

/** UTC, which never changes. */
const utc: TimeZone = { offsetAt: () => 0, nextChange: () => undefined }

/**
 * An IANA zone, such as `Europe/Berlin`, by the data of this runtime.
 *
 * @returns undefined when there is no zone of that name
 */
export function findTimeZone(name: string): TimeZone | undefined {
  if (name === 'UTC') return utc
  try {
    return new IanaZone(
      new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      }),
    )
  } catch {
    return undefined
  }
}

class IanaZone implements TimeZone {
  readonly #format: Intl.DateTimeFormat
  readonly #spans = new Map<number, Span>()

  constructor(format: Intl.DateTimeFormat) {
    this.#format = format
  }

  offsetAt(ms: number): number {
    const span = this.#span(Math.floor(ms / SPAN_MS))
    return ms < span.changeAtMs ? span.beforeMs : span.afterMs
  }

  nextChange(fromMs: number, untilMs: number): number | undefined {
    for (let index = Math.floor(fromMs / SPAN_MS); index * SPAN_MS <= untilMs; index += 1) {
      const { changeAtMs } = this.#span(index)
      if (changeAtMs > fromMs && changeAtMs <= untilMs) return changeAtMs
    }
    return undefined
  }

  #span(index: number): Span {
    const known = this.#spans.get(index)
    if (known !== undefined) return known
    if (this.#spans.size >= SPANS_MAX) this.#spans.clear()
    const span = this.#look(index * SPAN_MS, (index + 1) * SPAN_MS)
    this.#spans.set(index, span)
    return span
  }

  #look(startMs: number, endMs: number): Span {
    const [beforeMs, afterMs] = [this.#ask(startMs), this.#ask(endMs)]
    if (beforeMs === afterMs) return { beforeMs, afterMs, changeAtMs: Number.POSITIVE_INFINITY }
    let [low, high] = [startMs, endMs]
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000
      if (this.#ask(middle) === beforeMs) low = middle
      else high = middle
    }
    return { beforeMs, afterMs, changeAtMs: high }
  }

  #ask(ms: number): number {
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1_000) * 1_000
  }
}

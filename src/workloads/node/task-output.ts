import { StringDecoder } from 'node:string_decoder'

/** One line that a task wrote. */
export interface TaskLogLine {
  /** Counts from 1 over both streams of the task: a gap is lines that are no longer kept. */
  readonly line: number
  readonly stream: 'stdout' | 'stderr'
  /** When it was complete, in ms since the epoch. */
  readonly timeMs: number
  /** Without its end. */
  readonly text: string
}

/** Which lines are read. */
export interface TaskLogOptions {
  /** Also those to come, until the task has ended. Default false. */
  readonly follow?: boolean
  /** Only so many of the lines that are kept, the last ones. A whole number ≥ 0; default: all. */
  readonly tail?: number
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal
}

/** A longer line is kept as several. */
const LINE_LENGTH_MAX = 16 * 1024
/** What a line is counted with besides its bytes: many short lines fill memory, too. */
const LINE_OVERHEAD_BYTES = 64

interface Partial {
  readonly decoder: StringDecoder
  text: string
}

/** The last lines of one task, up to `bytesMax`. Whoever writes never waits; the oldest lines make room. */
export class TaskOutput {
  readonly #bytesMax: number
  readonly #now: () => number
  #lines: TaskLogLine[] = []
  /** How many of `#lines`, from the front, are dropped already. */
  #dropped = 0
  #bytes = 0
  #written = 0
  #isEnded = false
  readonly #partial: Record<TaskLogLine['stream'], Partial> = {
    stdout: { decoder: new StringDecoder('utf8'), text: '' },
    stderr: { decoder: new StringDecoder('utf8'), text: '' },
  }
  readonly #waiting = new Set<() => void>()

  constructor(bytesMax: number, now: () => number) {
    this.#bytesMax = bytesMax
    this.#now = now
  }

  write(stream: TaskLogLine['stream'], chunk: Buffer): void {
    const partial = this.#partial[stream]
    const pieces = (partial.text + partial.decoder.write(chunk)).split('\n')
    partial.text = pieces.pop() ?? ''
    for (const piece of pieces) this.#keep(stream, piece.endsWith('\r') ? piece.slice(0, -1) : piece)
    while (partial.text.length >= LINE_LENGTH_MAX) {
      this.#keep(stream, partial.text.slice(0, LINE_LENGTH_MAX))
      partial.text = partial.text.slice(LINE_LENGTH_MAX)
    }
    this.#tell()
  }

  /** Nothing more will come. Idempotent. */
  end(): void {
    if (this.#isEnded) return
    for (const stream of ['stdout', 'stderr'] as const) {
      const { decoder, text } = this.#partial[stream]
      const rest = text + decoder.end()
      if (rest !== '') this.#keep(stream, rest)
    }
    this.#isEnded = true
    this.#tell()
  }

  /** Each reader has a place of its own; one that is slower than the task misses the lines that were dropped. */
  async *read({
    follow = false,
    tail = Number.POSITIVE_INFINITY,
    signal,
  }: TaskLogOptions): AsyncGenerator<TaskLogLine> {
    let next = Math.max(1, this.#written + 1 - tail)
    while (signal?.aborted !== true) {
      next = Math.max(next, this.#first)
      const line = this.#lines[this.#dropped + next - this.#first]
      if (line !== undefined) {
        next += 1
        yield line
      } else if (!follow || this.#isEnded) return
      else await this.#news(signal)
    }
  }

  /** Number of the oldest line that is kept. */
  get #first(): number {
    return this.#written + 1 - (this.#lines.length - this.#dropped)
  }

  #keep(stream: TaskLogLine['stream'], whole: string): void {
    for (let at = 0; at === 0 || at < whole.length; at += LINE_LENGTH_MAX) {
      const text = whole.slice(at, at + LINE_LENGTH_MAX)
      this.#written += 1
      this.#lines.push({ line: this.#written, stream, timeMs: this.#now(), text })
      this.#bytes += costOf(text)
    }
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#lines[this.#dropped]
      if (oldest === undefined) break
      this.#bytes -= costOf(oldest.text)
      this.#dropped += 1
    }
    if (this.#dropped > 256 && this.#dropped > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#dropped)
      this.#dropped = 0
    }
  }

  #tell(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  #news(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }
}

function costOf(text: string): number {
  return Buffer.byteLength(text) + LINE_OVERHEAD_BYTES
}

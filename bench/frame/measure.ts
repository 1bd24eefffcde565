import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Share, Stage } from './profile.js'
import { startProfile } from './profile.js'

/** What was measured of one subject in one row. */
export interface Measurement {
  /** Cost of one operation, one number for each timed batch; in the unit of the row. */
  readonly samples: readonly number[]
  /** Mean cost of one operation, in the unit of the row. */
  readonly mean: number
  /** Processor time of one operation on all threads, garbage collection included; ns. */
  readonly cpuNs?: number
  /** Share of the timed span in which the main thread collected garbage, 0 … 1. */
  readonly gcShare?: number
  /** Heap that one operation takes; the median of the batches in which none of it was collected. */
  readonly bytes?: number
  /** Where the time went, if that was asked for. */
  readonly shares?: readonly Share[]
  /** What a reader must know to judge the number. */
  readonly note?: string
}

/** How an operation is timed. */
export interface Timing<Input> {
  /** Operations in one batch; a batch is one sample. */
  readonly batch: number
  /** Operations in all; fewer when the time is over. */
  readonly operations: number
  /** Default 2,000. Timed time only. */
  readonly budgetMs?: number
  /** Operations before the timed ones, until what they run through is compiled; default none. */
  readonly warm?: number
  /** Makes the input of the batch that starts at operation `from`; not timed. */
  readonly prepare: (from: number, count: number) => Input
  /** Runs one batch. */
  readonly run: (input: Input, count: number) => unknown
  readonly note?: string
  /** What a profile tells by itself; the rest by source file. */
  readonly stages?: readonly Stage[]
}

/** Times batches of an operation: wall time, processor time and garbage collection. Costs are in ns. */
export async function measure<Input>(timing: Timing<Input>): Promise<Measurement> {
  const { batch, operations, budgetMs = 2_000, warm = 0, prepare, run, note, stages } = timing
  for (let done = 0; done < warm; done += batch) await run(prepare(done, batch), batch)
  const collections = watchCollections()
  const samples: number[] = []
  const spans: Batch[] = []
  const profile = await startProfile(stages)
  let done = 0
  let wallMs = 0
  let cpuUs = 0
  while (done < operations && wallMs < budgetMs) {
    const count = Math.min(batch, operations - done)
    const input = prepare(done, count)
    const heap = getHeapStatistics().used_heap_size
    const cpu = process.cpuUsage()
    const start = performance.now()
    const result = run(input, count)
    if (isPromise(result)) await result
    const end = performance.now()
    const { user, system } = process.cpuUsage(cpu)
    const growth = getHeapStatistics().used_heap_size - heap
    samples.push(((end - start) * 1e6) / count)
    spans.push({ start, end, growth: growth / count, gcMs: 0 })
    done += count
    wallMs += end - start
    cpuUs += user + system
  }
  await collections.countIn(spans)
  const gcMs = spans.reduce((sum, span) => sum + span.gcMs, 0)
  const shares = await profile?.stop()
  const growths = spans.filter(span => span.gcMs === 0).map(span => span.growth)
  growths.sort((a, b) => a - b)
  const bytes = growths[growths.length >> 1]
  return {
    samples,
    mean: (wallMs * 1e6) / done,
    cpuNs: (cpuUs * 1e3) / done,
    gcShare: gcMs / wallMs,
    ...(bytes === undefined ? {} : { bytes }),
    ...(shares === undefined ? {} : { shares }),
    ...(note === undefined ? {} : { note }),
  }
}

/**
 * Collects all garbage, so that a measurement does not pay for what came before it. The engine throws away code that it
 * compiled for objects that are gone: a batch that is over in a tenth of a second may see little else than that.
 */
export function collectGarbage(): void {
  globalThis.gc?.()
}

interface Span {
  readonly start: number
  readonly end: number
}

interface Batch extends Span {
  /** Of the heap, by one operation. */
  readonly growth: number
  /** For how long garbage was collected meanwhile. */
  gcMs: number
}

/** Adds the collections to the batches that they fall into. */
function watchCollections(): { countIn(batches: readonly Batch[]): Promise<void> } {
  const seen: Span[] = []
  const observer = new PerformanceObserver(list => {
    for (const { startTime, duration } of list.getEntries())
      seen.push({ start: startTime, end: startTime + duration })
  })
  observer.observe({ entryTypes: ['gc'] })
  return {
    countIn: async batches => {
      // Entries arrive a turn of the event loop late.
      await new Promise(resolve => setTimeout(resolve, 20))
      observer.disconnect()
      let at = 0
      for (const { start, end } of seen.toSorted((a, b) => a.start - b.start)) {
        while (at < batches.length && (batches[at] as Batch).end <= start) at++
        const batch = batches[at]
        if (batch !== undefined && batch.start <= start) batch.gcMs += end - start
      }
    },
  }
}

/** True for what must be awaited; synchronous packages do not pay for an await. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

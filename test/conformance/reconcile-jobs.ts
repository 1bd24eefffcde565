import { expect } from 'vitest'
import { IndexRanges } from '../../src/core/internal.js'
import { jobBackoffMs } from '../../src/workloads/batch/job-counts.js'
import { vacantIndexes } from '../../src/workloads/batch/job-indexes.js'
import { exceedsBackoffLimit, wantedActive } from '../../src/workloads/batch/job-settings.js'

interface BackoffRow {
  readonly failures: number
  readonly elapsedMs: number
  readonly expectMs: number
}

interface ActiveRow {
  readonly input: {
    readonly completions: number | null
    readonly parallelism: number
    readonly succeeded: number
    readonly active: number
  }
  readonly expect: number
}

interface FailureRow {
  readonly limit: number
  readonly failed?: number
  readonly restartPolicy?: 'OnFailure'
  /** Of processes, by a node; here each is a failed task that another has replaced. */
  readonly restarts?: number
  readonly expect: string
}

interface IndexedCase {
  readonly input: {
    readonly completions: number
    readonly active: readonly number[]
    readonly succeeded: readonly number[]
    readonly want: number
  }
  readonly expectCreate: readonly number[]
  readonly ranges: readonly { readonly set: readonly number[]; readonly text: string }[]
}

export function judgeBackoff(example: unknown): void {
  for (const row of (example as { rows: readonly BackoffRow[] }).rows)
    expect(Math.max(0, jobBackoffMs(row.failures) - row.elapsedMs)).toBe(row.expectMs)
}

export function judgeWantedActive(example: unknown): void {
  for (const { input, expect: wanted } of (example as { rows: readonly ActiveRow[] }).rows) {
    const { completions, parallelism, succeeded, active } = input
    expect(wantedActive({ completions: completions ?? undefined, parallelism }, { succeeded, active })).toBe(
      wanted,
    )
  }
}

export function judgeFailures(example: unknown): void {
  for (const row of (example as { rows: readonly FailureRow[] }).rows) {
    const exceeds = exceedsBackoffLimit(row.limit, row.failed ?? row.restarts ?? 0, row.restartPolicy)
    expect(exceeds ? 'BackoffLimitExceeded' : 'continue').toBe(row.expect)
  }
}

export function judgeIndexed(example: unknown): void {
  const { input, expectCreate, ranges } = example as IndexedCase
  const held = new Map(input.active.map(index => [index, 1]))
  const counts = {
    completed: rangesOf(input.succeeded),
    failedIndexes: rangesOf([]),
    indexFailures: new Map(),
    indexUntilMs: () => 0,
  }
  const { indexes } = vacantIndexes(held, counts, input.completions, {
    want: input.want,
    nowMs: 0,
  })
  expect(indexes).toEqual(expectCreate)
  for (const { set, text } of ranges) expect(`${rangesOf(set)}`).toBe(text)
}

function rangesOf(indexes: readonly number[]): IndexRanges {
  const ranges = new IndexRanges()
  for (const index of indexes) ranges.add(index)
  return ranges
}

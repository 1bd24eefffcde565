import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/store/engine/revision-log.js'
import { RevisionLog } from '../../src/store/engine/revision-log.js'

const recordOf = (revision: number): LogRecord => ({
  revision,
  changes: [],
  table: undefined,
  cause: undefined,
  whole: undefined,
})

type Step =
  | { readonly push: number }
  | { readonly hold: number }
  | { readonly compact: number }
  | { readonly take: true }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 3 }) }) },
  fc.record({ compact: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ hold: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ take: fc.constant(true as const) }),
)

/** The last `capacity` of all revisions, those that were compacted apart. */
class Oracle {
  readonly #start: number
  readonly #capacity: number
  readonly pushed: number[] = []
  readonly taken = new Set<number>()
  compacted: number
  /** Those that are here, compacted or not; what is later than `holding` stays. */
  held: readonly number[] = []
  holding = Number.POSITIVE_INFINITY

  constructor(capacity: number, start: number) {
    this.#start = start
    this.#capacity = capacity
    this.compacted = start
  }

  get head(): number {
    return this.pushed.at(-1) ?? this.#start
  }

  push(revision: number): number | undefined {
    const evicted = this.evict(this.#capacity - 1)
    this.pushed.push(revision)
    this.held = [...this.held, revision]
    return evicted
  }

  evict(left = this.#capacity): number | undefined {
    const here = this.held.filter(revision => !this.taken.has(revision))
    const [oldest] = here
    if (here.length <= left || oldest === undefined || oldest > this.holding) return undefined
    this.held = here.slice(1)
    return oldest
  }

  get kept(): readonly number[] {
    return this.held.filter(revision => revision > this.compacted)
  }

  get oldestStart(): number {
    const gone = this.pushed.filter(revision => !this.kept.includes(revision))
    return Math.max(this.compacted, gone.at(-1) ?? 0)
  }

  takeCompacted(): number | undefined {
    const found = this.held.find(revision => revision <= this.compacted && !this.taken.has(revision))
    if (found !== undefined) this.taken.add(found)
    return found
  }
}

function run(log: RevisionLog, oracle: Oracle, one: Step): void {
  if ('push' in one) {
    const revision = oracle.head + one.push
    expect(log.push(recordOf(revision))?.revision).toBe(oracle.push(revision))
    expect(log.evict()?.revision).toBe(oracle.evict())
  } else if ('hold' in one) {
    log.hold(oracle.head - one.hold)
    oracle.holding = oracle.head - one.hold
  } else if ('compact' in one) {
    const revision = Math.max(oracle.oldestStart, oracle.head - one.compact)
    log.compact(revision)
    oracle.compacted = revision
  } else expect(log.takeCompacted()?.revision).toBe(oracle.takeCompacted())
}

test('a log with gaps has the last revisions, whatever was compacted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 3 }),
      fc.array(step, { maxLength: 40 }),
      (capacity, start, steps) => {
        const log = new RevisionLog(capacity, start)
        const oracle = new Oracle(capacity, start)
        for (const one of steps) {
          run(log, oracle, one)
          const { kept, head, oldestStart } = oracle
          expect([log.head, log.oldestStart]).toEqual([head, oldestStart])
          for (let revision = 0; revision <= head + 1; revision++) {
            const after = kept.find(other => other > revision)
            expect(log.get(revision)?.revision).toBe(kept.includes(revision) ? revision : undefined)
            expect(log.after(revision)?.revision).toBe(after)
            const since = oracle.held.filter(other => other >= revision).length
            if (kept.includes(revision)) expect(log.roomBehind(revision)).toBe(capacity - since)
            if (revision < oldestStart || revision > head) continue
            const isSame = (other: number): boolean => kept.every(each => each <= other === each <= revision)
            expect(isSame(log.atOrBefore(revision))).toBe(true)
            expect(log.atOrBefore(revision)).toBeLessThanOrEqual(revision)
            expect(log.atOrBefore(revision)).toBeGreaterThanOrEqual(oldestStart)
          }
        }
      },
    ),
  )
})

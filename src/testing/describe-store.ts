import { InvalidError, UsageError } from '../core/index.js'
import { assertKnown, knownOptions } from '../core/internal.js'
import type { MakeStore } from './make-store.js'
import { blockLaws } from './store-laws/block-laws.js'
import { clientLaws } from './store-laws/client-laws.js'
import { commitLaws } from './store-laws/commit-laws.js'
import { compactLaws } from './store-laws/compact-laws.js'
import { deletionLaws } from './store-laws/deletion-laws.js'
import { expiryLaws } from './store-laws/expiry-laws.js'
import type { StoreLaw } from './store-laws/law.js'
import { hold } from './store-laws/law-world.js'
import { lifetimeLaws } from './store-laws/lifetime-laws.js'
import { listAndWatchLaws } from './store-laws/list-and-watch-laws.js'
import { objectLaws } from './store-laws/object-laws.js'
import { pageLaws } from './store-laws/page-laws.js'
import { patchLaws } from './store-laws/patch-laws.js'
import { rangeLaws } from './store-laws/range-laws.js'
import { readLaws } from './store-laws/read-laws.js'
import { ruleLaws } from './store-laws/rule-laws.js'
import { transactionLaws } from './store-laws/transaction-laws.js'
import { updateLaws } from './store-laws/update-laws.js'
import { watchLaws } from './store-laws/watch-laws.js'
import { watchScopeLaws } from './store-laws/watch-scope-laws.js'

/** What is needed of vitest, jest, or `node:test`. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown
  test(name: string, body: () => Promise<void>): unknown
}

/** How the laws are checked. */
export interface DescribeStoreOptions extends Partial<TestFramework> {
  /** Heads the report. Default `a store`. */
  readonly name?: string
  /** How long a law waits for a delivery or a write. Default 4,000 ms, which is below a framework's own limit. */
  readonly patienceMs?: number
  /**
   * Lets time pass for the stores. Laws of lifetimes and of waiting writers need it, and pass three times `lifeMs` at
   * most, or 1,500 ms. Default: these laws ask for stores on a virtual `options.env`, and move that.
   */
  readonly passTime?: (ms: number) => Promise<unknown>
  /**
   * What laws give a lifetime or an object to live, > 0. A store that waits in real time may be slow by a third of it.
   * Default 1,000 ms.
   */
  readonly lifeMs?: number
}

const PATIENCE_MS_DEFAULT = 4_000
const LIFE_MS_DEFAULT = 1_000

const areas: Readonly<Record<string, readonly StoreLaw[]>> = {
  objects: objectLaws,
  updates: updateLaws,
  deletions: deletionLaws,
  patches: patchLaws,
  reads: readLaws,
  ranges: rangeLaws,
  pages: pageLaws,
  transactions: transactionLaws,
  commits: commitLaws,
  rules: ruleLaws,
  watches: [...watchLaws, ...watchScopeLaws, ...blockLaws],
  compaction: compactLaws,
  'lists and watches': listAndWatchLaws,
  lifetimes: [...lifetimeLaws, ...expiryLaws],
  clients: clientLaws,
}

const DESCRIBE_STORE_OPTIONS = /* @__PURE__ */ knownOptions<DescribeStoreOptions>('describeStore', {
  describe: true,
  test: true,
  name: true,
  patienceMs: true,
  passTime: true,
  lifeMs: true,
})

/**
 * Declares one test for each law that a store keeps, whatever it keeps its objects in. Every law makes a store of its
 * own with `makeStore` and closes it afterwards. Laws wait in real time, save those that let time pass: their stores
 * are made with a virtual `env`. A store with a time of its own comes with `passTime`.
 *
 * Without `describe` and `test` those that are global are taken; frameworks that have none are passed in:
 * `describeStore(createStore, { describe, test })`.
 *
 * @throws UsageError when there is no test framework, InvalidError for an invalid `lifeMs`
 */
export function describeStore(makeStore: MakeStore, options: DescribeStoreOptions = {}): void {
  assertKnown(options, DESCRIBE_STORE_OPTIONS)
  const { name = 'a store', patienceMs = PATIENCE_MS_DEFAULT, lifeMs = LIFE_MS_DEFAULT, passTime } = options
  if (!(Number.isFinite(lifeMs) && lifeMs > 0)) {
    const message = 'must be a finite number of milliseconds > 0'
    throw new InvalidError('describeStore', [{ field: 'lifeMs', value: lifeMs, message }])
  }
  const ground = { makeStore, patienceMs, lifeMs, passTime }
  const { describe, test } = frameworkOf(options)
  describe(name, () => {
    for (const [area, laws] of Object.entries(areas)) {
      describe(area, () => {
        for (const law of laws) test(law.name, () => hold(law, ground))
      })
    }
  })
}

function frameworkOf(options: DescribeStoreOptions): TestFramework {
  const { describe, test } = { ...(globalThis as Partial<TestFramework>), ...options }
  if (describe !== undefined && test !== undefined) return { describe, test }
  throw new UsageError('no test framework is global here; use describeStore(makeStore, { describe, test })')
}

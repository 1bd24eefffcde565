import { systemEnv, UsageError } from '../core/index.js'
import type { Store } from '../store/index.js'
import { BrokenLawError } from './store-laws/claims.js'
import { clientLaws } from './store-laws/client-laws.js'
import { deletionLaws } from './store-laws/deletion-laws.js'
import { LAW_KINDS } from './store-laws/kinds.js'
import type { LawStoreOptions, LawWorld, StoreLaw } from './store-laws/law.js'
import { objectLaws } from './store-laws/object-laws.js'
import { pageLaws } from './store-laws/page-laws.js'
import { patchLaws } from './store-laws/patch-laws.js'
import { readLaws } from './store-laws/read-laws.js'
import { ruleLaws } from './store-laws/rule-laws.js'
import { transactionLaws } from './store-laws/transaction-laws.js'
import { updateLaws } from './store-laws/update-laws.js'
import { watchLaws } from './store-laws/watch-laws.js'
import { watchScopeLaws } from './store-laws/watch-scope-laws.js'

/** Makes a fresh, empty store; nothing that an earlier one held may be in it. */
export type MakeStore = (options: LawStoreOptions) => Store | Promise<Store>

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
}

const PATIENCE_MS_DEFAULT = 4_000

const areas: Readonly<Record<string, readonly StoreLaw[]>> = {
  objects: objectLaws,
  updates: updateLaws,
  deletions: deletionLaws,
  patches: patchLaws,
  reads: readLaws,
  pages: pageLaws,
  transactions: transactionLaws,
  rules: ruleLaws,
  watches: [...watchLaws, ...watchScopeLaws],
  clients: clientLaws,
}

/**
 * Declares one test for each law that a store keeps, whatever it keeps its objects in. Every law makes a store of its
 * own with `makeStore` and closes it afterwards. Laws wait in real time, so a store on a virtual `Env` does not fit.
 *
 * Without `describe` and `test` those that are global are taken; frameworks that have none are passed in:
 * `describeStore(createStore, { describe, test })`.
 *
 * @throws UsageError when there is no test framework
 */
export function describeStore(makeStore: MakeStore, options: DescribeStoreOptions = {}): void {
  const { name = 'a store', patienceMs = PATIENCE_MS_DEFAULT } = options
  const { describe, test } = frameworkOf(options)
  describe(name, () => {
    for (const [area, laws] of Object.entries(areas)) {
      describe(area, () => {
        for (const law of laws) test(law.name, () => hold(law, makeStore, patienceMs))
      })
    }
  })
}

function frameworkOf(options: DescribeStoreOptions): TestFramework {
  const { describe, test } = { ...(globalThis as Partial<TestFramework>), ...options }
  if (describe !== undefined && test !== undefined) return { describe, test }
  throw new UsageError('no test framework is global here; use describeStore(makeStore, { describe, test })')
}

async function hold(law: StoreLaw, makeStore: MakeStore, patienceMs: number): Promise<void> {
  const opened: Store[] = []
  const world: LawWorld = {
    open: async options => {
      const store = await makeStore({ kinds: LAW_KINDS, ...options })
      opened.push(store)
      return store
    },
    soon: (what, promise) => soon(what, promise, patienceMs),
  }
  try {
    await law.check(world)
  } finally {
    for (const store of opened) await store.close()
  }
}

function soon<T>(what: string, promise: Promise<T>, patienceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new BrokenLawError(`${what} did not come within ${patienceMs} ms`, 'nothing', what)
    const cancel = systemEnv.clock.after(patienceMs, () => reject(late))
    promise.then(resolve, reject).finally(cancel)
  })
}

// The tests of files that were bundled with `describe` and `test` of this one: run one by one, as often as it takes.
import { createRequire } from 'node:module'
import { Script } from 'node:vm'
import fc from 'fast-check'
import { expect } from 'vitest'

/** A mutant that does so many times the work of the original never ends. */
const HANGS_AT = 50

let on = 0
let hits
let calls = 0
let callsMax = Number.POSITIVE_INFINITY
globalThis.$mutant = id => {
  if (++calls > callsMax) throw new Error('it never ends')
  hits?.add(id)
  return on === id
}
// The same cases for every mutant, and no search for the smallest one that fails.
fc.configureGlobal({ seed: 1, endOnFailure: true })

const require = createRequire(import.meta.url)

/** Loads a bundle, which says what its tests are. */
export function testsOf({ name, code }) {
  const tests = []
  const each = register => rows => (title, run) => {
    for (const row of rows) register(title, () => (Array.isArray(row) ? run(...row) : run(row)))
  }
  const describe = (_title, body) => body()
  const test = (title, run) => void tests.push({ file: name, title: `${title}`, run })
  describe.each = each(describe)
  test.each = each(test)
  const ours = { vitest: { describe, test, expect }, 'fast-check': fc }
  const load = new Script(`(function (require) {${code}\n})`, { filename: name }).runInThisContext()
  load(name => ours[name] ?? require(name))
  return tests
}

/** Runs something with a mutant on, or with none (0); says what it touched, what it cost, and whether it failed. */
export async function withMutantOn(id, run, { isTraced = false, most = Number.POSITIVE_INFINITY } = {}) {
  on = id
  hits = isTraced ? new Set() : undefined
  calls = 0
  callsMax = most * HANGS_AT + 100_000
  const startedMs = performance.now()
  let error
  try {
    await run()
  } catch (thrown) {
    error = thrown
  }
  const found = { hits, calls, ms: performance.now() - startedMs, error }
  on = 0
  hits = undefined
  callsMax = Number.POSITIVE_INFINITY
  return found
}

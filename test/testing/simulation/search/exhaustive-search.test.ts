import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionList } from '../../../../src/testing/simulation/actions/action-list.js'
import type { ExhaustiveBounds } from '../../../../src/testing/simulation/search/exhaustive-search.js'
import { ExhaustiveSearch } from '../../../../src/testing/simulation/search/exhaustive-search.js'

/** Executions as trees: a node is the list of what each choice leads to; a leaf is the end. */
interface Tree {
  readonly below: readonly Tree[]
}
const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
  tree: fc.record({
    below: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie('tree'), { maxLength: 3 })),
  }),
}))
const all: ExhaustiveBounds = {
  seed: 1,
  executionsMax: 10_000,
  deviationsMax: Number.POSITIVE_INFINITY,
  states: 'not told apart',
  independent: 'in every order',
  plannedOnly: new Set(['remove', 'outage']),
}
const ended = { isStopped: false, violation: undefined }

/** The obvious way. Where there is no choice, none is made. */
function* ways({ below }: Tree): Generator<readonly number[]> {
  if (below.length === 0) yield []
  for (const [choice, next] of below.entries())
    for (const way of ways(next)) yield below.length === 1 ? way : [choice, ...way]
}

function searched(root: Tree, bounds: ExhaustiveBounds): { found: number[][]; search: ExhaustiveSearch } {
  const search = new ExhaustiveSearch(bounds)
  const found: number[][] = []
  for (let planned = search.next(); planned !== undefined; planned = search.next()) {
    const way: number[] = []
    for (let at = root; at.below.length > 0; ) {
      const choice = at.below.length === 1 ? 0 : Number(planned.source.choose(actions(at.below)))
      if (at.below.length > 1) way.push(choice)
      at = at.below[choice] as Tree
    }
    found.push(way)
    search.learn(ended)
  }
  return { found, search }
}

function actions(ways: readonly unknown[]): ActionList {
  return new ActionList(
    ways.map((_way, index) => ({ kind: 'user', actor: 'user', label: `${index}`, run: () => {} })),
  )
}

const deviations = (way: readonly number[]): number => way.filter(choice => choice > 0).length

describe('an exhaustive search', () => {
  test('takes every way once, the undisturbed one first', () => {
    fc.assert(
      fc.property(tree, root => {
        const { found, search } = searched(root, all)
        expect(found).toEqual([...ways(root)])
        expect(search.coverage.isComplete).toBe(true)
      }),
    )
  })

  test('takes every way with so many deviations at most', () => {
    fc.assert(
      fc.property(tree, fc.nat(3), (root, deviationsMax) => {
        const { found } = searched(root, { ...all, deviationsMax })
        expect(found).toEqual([...ways(root)].filter(way => deviations(way) <= deviationsMax))
      }),
    )
  })

  test('that gives up says that it is not complete', () => {
    const leaf: Tree = { below: [] }
    const fork: Tree = { below: [leaf, leaf] }
    const root: Tree = { below: [fork, fork] }
    const { found, search } = searched(root, { ...all, executionsMax: 3 })
    expect([found.length, search.coverage.isComplete]).toEqual([3, false])
    expect(search.coverage.text).toBe('every order of events: 3 executions, not complete')
    expect(searched(root, { ...all, executionsMax: 4 }).search.coverage.isComplete).toBe(true)
  })

  test('refuses what is not deterministic', () => {
    const search = new ExhaustiveSearch(all)
    search.next()?.source.choose(actions([{}, {}]))
    search.learn(ended)
    const { source } = search.next() ?? {}
    expect(() => source?.choose(actions([{}, {}, {}]))).toThrow(
      /after the same 0 choices there were 2 ways on, now there are 3/,
    )
  })
})

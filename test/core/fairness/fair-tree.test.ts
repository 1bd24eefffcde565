import { describe, expect, test } from 'vitest'
import { FairTree } from '../../../src/core/fairness/fair-tree.js'

/** Two groups of three clients, all of them with nothing. */
function twoGroups(): FairTree<string> {
  const tree = new FairTree<string>('')
  for (const name of ['a', 'b']) {
    const group = tree.add({ name, parent: tree.root, leaf: false }, name)
    for (const n of [1, 2, 3]) {
      const client = `${name}${n}`
      tree.setActive(tree.add({ name: client, parent: group, leaf: true }, client), true)
    }
  }
  tree.settle()
  return tree
}

describe('a walk over groups', () => {
  test.each([
    ['next', ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']],
    ['leave', ['a1', 'a2', 'b1', 'b2', 'b3']],
    ['stop', ['a1', 'a2']],
  ] as const)('goes on as it is told at the second client of the first: %s', (then, walked) => {
    const seen: string[] = []
    twoGroups().walk(({ payload }) => {
      seen.push(payload)
      return payload === 'a2' ? then : 'next'
    })
    expect(seen).toEqual(walked)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { QuotaDefinition } from '../../../src/core/fairness/index.js'
import { createBorrowingQuota } from '../../../src/core/fairness/index.js'

const names = ['a', 'b', 'c'] as const
const amount = fc.integer({ min: 0, max: 10 })
const tree = fc
  .tuple(
    ...names.map(() =>
      fc.record({
        guarantee: amount,
        lending: fc.option(amount, { nil: undefined }),
        borrowing: fc.option(amount, { nil: undefined }),
      }),
    ),
  )
  .map(members => [
    { name: 'root' },
    { name: 'group', parent: 'root', guarantee: { cpu: 2 } },
    ...members.map(
      ({ guarantee, lending, borrowing }, index): QuotaDefinition => ({
        name: names[index] ?? '',
        parent: index < 2 ? 'group' : 'root',
        guarantee: { cpu: guarantee },
        ...(lending === undefined ? {} : { lendingLimit: { cpu: lending } }),
        ...(borrowing === undefined ? {} : { borrowingLimit: { cpu: borrowing } }),
      }),
    ),
  ])
const step = fc.record({ name: fc.constantFrom(...names), cpu: fc.integer({ min: 1, max: 6 }) })

describe('a quota that borrows', () => {
  test('admits what is available and nothing else, never more than there is, and takes it all back', () => {
    fc.assert(
      fc.property(tree, fc.array(step, { maxLength: 20 }), (definitions, steps) => {
        const quota = createBorrowingQuota(definitions)
        const total = definitions.reduce((sum, { guarantee = {} }) => sum + (guarantee['cpu'] ?? 0), 0)
        const before = names.map(name => quota.available(name, 'cpu'))
        const admitted: typeof steps = []
        for (const one of steps) {
          const available = quota.available(one.name, 'cpu')
          const amounts = { cpu: one.cpu }
          expect(quota.shortOf(one.name, amounts)).toBe(one.cpu <= available ? undefined : 'cpu')
          expect(quota.admit(one.name, amounts)).toBe(one.cpu <= available)
          if (one.cpu > available) continue
          admitted.push(one)
        }
        expect(admitted.reduce((sum, { cpu }) => sum + cpu, 0)).toBeLessThanOrEqual(total)
        for (const name of names) {
          const own = definitions.find(one => one.name === name)
          const limit = own?.borrowingLimit?.['cpu'] ?? Number.POSITIVE_INFINITY
          const used = admitted.filter(one => one.name === name).reduce((sum, { cpu }) => sum + cpu, 0)
          expect(used).toBeLessThanOrEqual((own?.guarantee?.['cpu'] ?? 0) + limit)
        }
        for (const { name, cpu } of admitted.toReversed()) quota.release(name, { cpu })
        expect(names.map(name => quota.available(name, 'cpu'))).toEqual(before)
      }),
    )
  })

  test('what a member does not lend is there for it, whatever the others use', () => {
    const quota = createBorrowingQuota([
      { name: 'root' },
      { name: 'a', parent: 'root', guarantee: { cpu: 10 }, lendingLimit: { cpu: 4 } },
      { name: 'b', parent: 'root' },
    ])
    expect([quota.admit('b', { cpu: 4 }), quota.admit('b', { cpu: 1 })]).toEqual([true, false])
    expect(quota.available('a', 'cpu')).toBe(6)
    quota.use('b', { cpu: 3 })
    expect([quota.available('a', 'cpu'), quota.available('b', 'cpu')]).toEqual([3, -3])
  })

  test.each<[string, readonly QuotaDefinition[], RegExp]>([
    ['a name twice', [{ name: 'a' }, { name: 'a' }], /\[1\]\.name: is given twice/],
    ['a missing parent', [{ name: 'a', parent: 'x' }], /\[0\]\.parent: is not in the tree/],
    [
      'a circle',
      [
        { name: 'a', parent: 'b' },
        { name: 'b', parent: 'a' },
      ],
      /a circle/,
    ],
    ['half an amount', [{ name: 'a', guarantee: { cpu: 0.5 } }], /\[0\]\.guarantee\.cpu/],
    [
      'more than there is',
      [{ name: 'a', guarantee: { cpu: 11 } }],
      /guarantee\.cpu: must come to at most 10/,
    ],
  ])('refuses %s', (_what, definitions, message) => {
    expect(() => createBorrowingQuota(definitions, { cpu: 10 })).toThrow(message)
  })

  test('an unknown queue is an error that names the known ones', () => {
    const quota = createBorrowingQuota([{ name: 'a' }])
    expect(() => quota.available('b', 'cpu')).toThrow(/there is no quota b; there are a/)
  })
})

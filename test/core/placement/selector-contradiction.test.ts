import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileNodeSelector, selectorContradiction } from '../../../src/core/internal.js'
import type { NodeSelector } from '../../../src/core/placement/node-selector.js'

type Expression = NonNullable<NonNullable<NodeSelector['terms']>[number]['matchExpressions']>[number]

const of = (...matchExpressions: Expression[]): NodeSelector => ({ terms: [{ matchExpressions }] })

test.each<[NodeSelector, string | undefined]>([
  [{ matchLabels: { zone: 'a' } }, undefined],
  [
    {
      matchLabels: { zone: 'a' },
      terms: [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }],
    },
    'zone=a and zone notin (a)',
  ],
  [of({ key: 'gpu', operator: 'Exists' }, { key: 'gpu', operator: 'DoesNotExist' }), 'gpu and !gpu'],
  [
    of({ key: 'cores', operator: 'Gt', values: ['4'] }, { key: 'cores', operator: 'Lt', values: ['5'] }),
    'cores>4 and cores<5',
  ],
  // It may be spelt 05.
  [
    of(
      { key: 'cores', operator: 'Gt', values: ['4'] },
      { key: 'cores', operator: 'Lt', values: ['6'] },
      { key: 'cores', operator: 'NotIn', values: ['5'] },
    ),
    undefined,
  ],
  [
    {
      terms: [
        {
          matchFields: [
            { key: 'metadata.name', operator: 'In', values: ['n1'] },
            { key: 'metadata.name', operator: 'In', values: ['n2'] },
          ],
        },
      ],
    },
    'metadata.name in (n1) and metadata.name in (n2)',
  ],
  [{ terms: [] }, 'an empty list of terms matches no node'],
  [{ terms: [{}] }, 'a term without conditions matches no node'],
  [{ terms: [{}, { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }] }, undefined],
])('%j: %s', (selector, contradiction) => {
  expect(selectorContradiction(selector)).toBe(contradiction)
})

test('is told exactly where no label makes a node that is selected', () => {
  const values = ['0', '1', '2', '3', 'x']
  const value = fc.constantFrom(...values)
  const expression = fc.oneof(
    fc.record({
      key: fc.constant('k'),
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(value, { minLength: 1 }),
    }),
    fc.record({ key: fc.constant('k'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
    fc.record({
      key: fc.constant('k'),
      operator: fc.constantFrom('Gt', 'Lt'),
      values: fc.tuple(fc.constantFrom('0', '1', '2', '3')),
    }),
  ) as fc.Arbitrary<Expression>
  const known = [...values, '00', '01', '02', '03', '04', '-01', 'other']
  const labels = [{}, ...known.map(k => ({ k }))]
  fc.assert(
    fc.property(fc.array(expression, { minLength: 1, maxLength: 4 }), expressions => {
      const selector = of(...expressions)
      const selects = compileNodeSelector(selector)
      const isPossible = labels.some(each => selects?.({ name: 'n', labels: each }) ?? true)
      expect(selectorContradiction(selector) === undefined).toBe(isPossible)
    }),
    { numRuns: 500 },
  )
})

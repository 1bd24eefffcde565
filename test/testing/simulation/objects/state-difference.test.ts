import { expect, test } from 'vitest'
import { fieldChanges } from '../../../../src/testing/simulation/objects/field-changes.js'
import { describeDifference } from '../../../../src/testing/simulation/objects/state-difference.js'

const pod = (more: object): string => JSON.stringify({ kind: 'Pod', name: 'a', spec: { size: 1 }, ...more })

test.each([
  ['nothing', [pod({})], [pod({})], undefined],
  ['an object that is missing', [pod({})], [], '  Pod a is missing'],
  ['one too many', [], [pod({ owners: [['App', 'web', true]] })], '  Pod a of App web should not be there'],
  ['one with a namespace', [pod({ name: ['ns', 'a'] })], [], '  Pod ns/a is missing'],
  [
    'one whose name is chance',
    [pod({ name: '*' }), pod({ name: '*' })],
    [pod({ name: '*' })],
    '  a Pod is missing',
  ],
  ['a field', [pod({})], [pod({ spec: { size: 2 } })], '  Pod a: spec.size is 2 instead of 1'],
  [
    'a field that is missing',
    [pod({ status: { on: true } })],
    [pod({})],
    '  Pod a: status is missing, and should be {"on":true}',
  ],
  [
    'a field too many',
    [pod({})],
    [pod({ labels: { x: 'y' } })],
    '  Pod a: labels is {"x":"y"}, and should not be there',
  ],
  [
    'what is outside',
    ['outside disk a: 1'],
    ['outside disk a: 2'],
    '  outside, disk a: it is 2 instead of 1',
  ],
])('of two states: %s', (_what, expected, actual, text) => {
  expect(describeDifference(expected, actual)).toBe(text)
})

test('of states far apart, a dozen lines', () => {
  const many = Array.from({ length: 40 }, (_, at) => pod({ name: `p${at}` }))
  const lines = describeDifference(many, [])?.split('\n')
  expect(lines).toHaveLength(12)
  expect(lines?.at(-1)).toBe('  … and 29 more')
})

test.each([
  [{ a: { b: [1, 2, 3] } }, { a: { b: [1, 5, 3] } }, [{ field: 'a.b[1]', before: 2, after: 5 }]],
  [{ 'x/y~z': 1 }, {}, [{ field: 'x/y~z', before: 1, after: undefined }]],
  [[1, 2], [1], [{ field: '[1]', before: 2, after: undefined }]],
])('fields of %j and %j', (before, after, changes) => {
  expect(fieldChanges(before, after)).toEqual(changes)
})

import { expect, test } from 'vitest'
import { specEdits } from '../../../../src/testing/simulation/objects/spec-edits.js'

const specOf = (spec: unknown) => specEdits(spec).map(edit => edit.spec)

test('a spec is changed in one place at a time, with values made from its own', () => {
  expect(specOf({ replicas: 2, paused: false, ports: ['a', 'b'], name: 'x' })).toEqual([
    { replicas: 3, paused: false, ports: ['a', 'b'], name: 'x' },
    { replicas: 1, paused: false, ports: ['a', 'b'], name: 'x' },
    { replicas: 2, paused: true, ports: ['a', 'b'], name: 'x' },
    { replicas: 2, paused: false, ports: ['a'], name: 'x' },
    { replicas: 2, paused: false, ports: ['b', 'a'], name: 'x' },
  ])
})

test('outer fields come first, and there are eight edits at most', () => {
  const spec = { inner: { count: 0 }, count: 0 }
  expect(specEdits(spec).map(({ label }) => label)).toEqual(['spec.count = 1', 'spec.inner.count = 1'])
  expect(specEdits(Object.fromEntries('abcdefghij'.split('').map(key => [key, 0])))).toHaveLength(8)
})

test('what has no other value has no edits', () => {
  expect(specEdits({ text: 'a', nothing: null, list: [], nested: {} })).toEqual([])
})

import { describe, expect, test } from 'vitest'
import type { ObjectInput } from '../../../../src/store/index.js'
import { textEdits, USER_FINALIZER } from '../../../../src/testing/simulation/objects/text-edits.js'

const app = (
  name: string,
  spec: unknown,
  metadata: Omit<ObjectInput['metadata'], 'name'> = {},
): ObjectInput => ({ apiVersion: 'v1', kind: 'App', metadata: { name, ...metadata }, spec })

const labelsOf = (object: ObjectInput, world: readonly ObjectInput[] = [object]): readonly string[] =>
  textEdits(object, world).map(({ label }) => label)

const HELD = `finalizers + ${USER_FINALIZER}`

describe('a text that a user may want otherwise', () => {
  test.each([
    [
      'in a spec, outer fields first',
      app('a', { pod: { image: 'web:1' }, mode: 'on' }),
      ['spec.mode = "on-2"', 'spec.pod.image = "web:2"'],
    ],
    ['in a label', app('a', {}, { labels: { tier: 'web' } }), ['labels.tier = "web-2"']],
    [
      'in an annotation',
      app('a', {}, { annotations: { owner: 'team 9' } }),
      ['annotations.owner = "team 10"'],
    ],
  ])('is %s', (_where, object, edits) => {
    expect(labelsOf(object)).toEqual([...edits, HELD])
  })

  test('becomes what another object of the kind has in its place', () => {
    const first = app('a', { image: 'web:1' }, { labels: { tier: 'web' }, annotations: { note: 'x' } })
    const other = app('b', { image: 'db:7' }, { labels: { tier: 'data' }, annotations: { note: 'y' } })
    expect(labelsOf(first, [first, other])).toEqual([
      'spec.image = "db:7"',
      'labels.tier = "data"',
      'annotations.note = "y"',
      HELD,
    ])
  })

  test('becomes another name of a kind, where it is one', () => {
    const node = (name: string): ObjectInput => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: {},
    })
    const bound = app('a', { nodeName: 'left' })
    expect(labelsOf(bound, [bound, node('left'), node('right')])).toEqual(['spec.nodeName = "right"', HELD])
  })
})

test('an edit changes one place, leaves the object as it is, and gives all of the map it changes', () => {
  const labels = Object.freeze({ tier: 'web', zone: 'z1' })
  const object = app('a', Object.freeze({ image: 'web:1', list: ['kept'] }), { labels, finalizers: ['mine'] })
  expect(textEdits(object, [object])).toEqual([
    { label: 'spec.image = "web:2"', spec: { image: 'web:2', list: ['kept'] } },
    { label: 'labels.tier = "web-2"', spec: object.spec, labels: { tier: 'web-2', zone: 'z1' } },
    { label: 'labels.zone = "z2"', spec: object.spec, labels: { tier: 'web', zone: 'z2' } },
    { label: HELD, spec: object.spec, finalizers: ['mine', USER_FINALIZER] },
  ])
})

test('there are four texts of a spec and two of each map at most; empty texts and lists stay', () => {
  const many = Object.fromEntries('abcdef'.split('').map(key => [key, key]))
  const object = app('a', { ...many, empty: '', list: ['x'] }, { labels: many, annotations: many })
  const told = labelsOf(object)
  expect(told.filter(label => label.startsWith('spec.'))).toHaveLength(4)
  expect(told.filter(label => label.startsWith('labels.'))).toHaveLength(2)
  expect(told.filter(label => label.startsWith('annotations.'))).toHaveLength(2)
  expect(labelsOf(app('a', { empty: '', list: ['x'] }))).toEqual([HELD])
})

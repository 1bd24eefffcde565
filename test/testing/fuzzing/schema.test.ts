import { describe, expect, test } from 'vitest'
import { Deployment, Node, ReplicaSet, Service, Task } from '../../../src/api/index.js'
import { createSeededRandom } from '../../../src/core/index.js'
import type { Kind } from '../../../src/store/index.js'
import { createStore } from '../../../src/store/index.js'
import { sampleValue } from '../../../src/testing/fuzzing/sample-value.js'
import { resolve, specNode } from '../../../src/testing/fuzzing/schema-node.js'
import { specTransitions } from '../../../src/testing/fuzzing/spec-transitions.js'
import { kindOf } from '../../fixtures/kinds.js'

const shapes: readonly [string, Record<string, unknown>][] = [
  ['a number between bounds', { type: 'integer', minimum: 3, maximum: 5 }],
  ['a number above and below', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 3 }],
  ['steps', { type: 'integer', minimum: 1, multipleOf: 4 }],
  ['a constant', { const: [1, { a: null }] }],
  ['choices', { enum: ['x', 7, false, null] }],
  ['long text', { type: 'string', minLength: 20, maxLength: 21 }],
  ['a percentage', { type: 'string', pattern: '^[0-9]+%$' }],
  ['a time', { type: 'string', format: 'date-time' }],
  ['lists', { type: 'array', items: { type: 'boolean' }, minItems: 2, maxItems: 3 }],
  ['tuples', { type: 'array', prefixItems: [{ const: 1 }, { const: 2 }], items: { type: 'string' } }],
  ['maps', { type: 'object', additionalProperties: { type: 'integer' } }],
  ['references', { $ref: '#/$defs/port' }],
  ['several parts', { allOf: [{ type: 'object', properties: { a: { const: 1 } } }, { required: ['a'] }] }],
  ['one of several', { oneOf: [{ type: 'string' }, { type: 'integer' }] }],
  [
    'either field',
    {
      type: 'object',
      properties: { a: { type: 'null' }, b: { type: 'null' } },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    },
  ],
  ['several types', { type: ['integer', 'null'] }],
  [
    'closed objects',
    {
      type: 'object',
      properties: { a: { type: 'integer' }, b: { type: 'boolean' } },
      required: ['a'],
      additionalProperties: false,
    },
  ],
]

describe.each(shapes)('%s', (_what, schema) => {
  const root = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { it: schema }, required: ['it'], additionalProperties: false },
    },
    $defs: { port: { type: 'integer', minimum: 1, maximum: 65_535 } },
  }
  const It = kindOf<{ it: unknown }>('It', { namespaced: false, schema: root })

  test('are drawn as the store takes them', async () => {
    const store = createStore({ kinds: [It] })
    for (let seed = 0; seed < 50; seed++) {
      const it = sampleValue(resolve(root, schema), createSeededRandom(seed))
      await store.create(It, { metadata: { name: `it-${seed}` }, spec: { it } })
    }
    expect(store.count(It)).toBe(50)
  })

  test('change to what is allowed, and different', async () => {
    const node = specNode(It)
    if (node === undefined) throw new Error('no schema')
    for (let seed = 0; seed < 20; seed++) {
      const random = createSeededRandom(seed)
      const spec = { it: sampleValue(resolve(root, schema), random) }
      const store = createStore({ kinds: [It] })
      for (const [at, edit] of specTransitions(node, spec, random).entries()) {
        expect(edit.spec).not.toEqual(spec)
        const made = store.create(It, { metadata: { name: `it-${at}` }, spec: edit.spec as { it: unknown } })
        await made.catch(error => expect(error).toMatchObject({ code: 'Invalid' }))
      }
    }
  })
})

test('a replica count stays small', () => {
  const node = resolve({}, { type: 'integer', minimum: 0 })
  const drawn = Array.from({ length: 200 }, (_, seed) => sampleValue(node, createSeededRandom(seed)))
  expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3, 4]))
})

test('changes of a spec', () => {
  const schema = {
    type: 'object',
    properties: {
      replicas: { type: 'integer', minimum: 0 },
      mode: { enum: ['fast', 'safe'] },
      ports: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 9 } },
      paused: { type: 'boolean' },
    },
    required: ['replicas'],
    additionalProperties: false,
  }
  const spec = { replicas: 2, mode: 'fast', ports: [1, 2] }
  const labels = specTransitions(resolve(schema, schema), spec, createSeededRandom(1)).map(
    ({ label }) => label,
  )
  expect(labels).toEqual(
    expect.arrayContaining([
      'spec.replicas = 3',
      'spec.replicas = 1',
      'spec.replicas = 0',
      'spec.replicas = 4',
      'without spec.mode',
      'spec.mode = "safe"',
      'spec.ports = [1]',
      'spec.ports = [2,1]',
      'without spec.ports',
      'spec.ports[0] = 2',
    ]),
  )
  expect(labels.some(label => /^spec = .*"paused":(true|false)/.test(label))).toBe(true)
  expect(labels).not.toContain('without spec.replicas')
})

const shipped: readonly Kind[] = [ReplicaSet, Deployment, Task, Node, Service]

test.each(shipped.map(kind => [kind.kind, kind] as const))(
  'the store takes samples of %s',
  async (_name, kind) => {
    const node = specNode(kind)
    if (node === undefined) throw new Error('no schema')
    const store = createStore({ kinds: [kind] })
    let taken = 0
    for (let seed = 0; seed < 400; seed++) {
      const spec = sampleValue(node, createSeededRandom(seed))
      const namespace = kind.namespaced ? { namespace: 'default' } : {}
      taken += await store.create(kind, { metadata: { ...namespace, name: `a-${seed}` }, spec }).then(
        () => 1,
        () => 0,
      )
    }
    // Rules between fields refuse most of them.
    expect(taken).toBeGreaterThan(3)
  },
)

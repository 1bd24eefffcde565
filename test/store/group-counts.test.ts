import { expect, test } from 'vitest'
import { createCache } from '../../src/reconcile/index.js'
import { kindOf, ref, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

test('groups of a whole kind are read from the index, without a look at any object', async () => {
  let calls = 0
  const Task = kindOf<{ readonly node: string }>('Task', {
    indexes: {
      node: task => {
        calls++
        return task.spec.node
      },
    },
  })
  const { store } = createWorld({ kinds: [Task] })
  for (const [name, node] of Object.entries({ a: 'n2', b: 'n1', c: 'n2', d: 'n3' }))
    await store.create(Task, { metadata: ref(name), spec: { node } })
  await store.delete(Task, ref('d'))
  const written = calls
  const groups = [
    { value: 'n1', count: 1 },
    { value: 'n2', count: 2 },
  ]
  expect(store.countBy(Task, { index: 'node' })).toEqual(groups)
  using snapshot = store.snapshot()
  expect(snapshot.countBy(Task, { index: 'node' })).toEqual(groups)
  expect(calls).toBe(written)
  expect(store.countBy(Task, { index: 'node' }, { labelSelector: '!x' })).toEqual(groups)
  expect(calls).toBeGreaterThan(written)
})

test('what a label inherits is no value of it', async () => {
  const { store } = createWorld()
  await store.create(Widget, { metadata: ref('a'), spec: {} })
  expect(store.countBy(Widget, { label: 'constructor' })).toEqual([])
  expect(store.countBy(Widget, { label: 'constructor' }, { namespace: 'default' })).toEqual([])
})

test.each([
  [undefined, 'countBy takes { label } or { index }'],
  [{}, 'either a label or an index'],
  [{ label: 'a', index: 'node' }, 'either a label or an index'],
  [{ label: 5 }, 'either a label or an index'],
  [{ index: 'nope' }, 'Widget has no index "nope"; it declares node'],
])('%j is refused', (by, message) => {
  const { store } = createWorld()
  expect(() => store.countBy(Widget, by as { label: string })).toThrow(message)
  expect(() => store.countBy(Widget, by as { label: string })).toThrow(
    expect.objectContaining({ code: 'BadRequest' }),
  )
})

test('a cache counts all pages, as a store does', async () => {
  const { env, store } = createWorld()
  for (const name of ['a', 'b']) await store.create(Widget, { metadata: ref(name), spec: { node: 'n1' } })
  const cache = createCache({ kinds: [Widget] })
  const started = cache.start(store.client(env))
  await env.settle()
  await started
  for (const reader of [store, cache]) {
    expect(reader.count(Widget, { limit: 1 })).toBe(2)
    expect(reader.countBy(Widget, { index: 'node' }, { limit: 1 })).toEqual([{ value: 'n1', count: 2 }])
  }
  cache.stop()
})

import { describe, expect, test } from 'vitest'
import {
  createExpiryController,
  createManager,
  createNamespaceController,
  NAMESPACE_FINALIZER,
} from '../../src/reconcile/index.js'
import { kindOf, Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const Namespace = kindOf('Namespace', { namespaced: false })

function open() {
  const { env, store } = createWorld({ kinds: [Namespace] })
  return { env, store, manager: createManager({ client: store }) }
}

describe('expiry', () => {
  test('an object goes when its time has come, and is judged anew when it changes', async () => {
    const { env, store, manager } = open()
    manager.add(
      createExpiryController({
        for: Widget,
        expiresAtMs: ({ metadata, spec }) =>
          spec.size ? Date.parse(metadata.creationTimestamp) + spec.size * 1000 : undefined,
      }),
    )
    await env.run(() => manager.start())
    await env.run(() => store.create(Widget, widget('forever', { size: 0 })))
    await env.run(() => store.create(Widget, widget('short', { size: 10 })))
    await env.run(() => store.create(Widget, widget('longer', { size: 10 })))
    await env.advance(9_000)
    await env.run(() => store.modify(Widget, ref('longer'), draft => void (draft.spec = { size: 30 })))
    const names = () => store.list(Widget).items.map(item => item.metadata.name)
    await env.advance(999)
    expect(names()).toEqual(['forever', 'longer', 'short'])
    await env.advance(1)
    expect(names()).toEqual(['forever', 'longer'])
    await env.advance(20_000)
    expect(names()).toEqual(['forever'])
  })
})

describe('namespaces', () => {
  test.each([0, 1, 2, 3, 4, 5, 6])(
    'go with an object that came %s steps after their deletion',
    async steps => {
      const { env, store } = createWorld({ kinds: [Namespace, Widget] })
      const manager = createManager({ client: store.client(env.fork('namespaces')) })
      manager.add(createNamespaceController({ for: Namespace, kinds: [Widget] }))
      await env.run(() => manager.start())
      const metadata = { name: 'a', finalizers: [NAMESPACE_FINALIZER] }
      await env.run(() => store.create(Namespace, { metadata, spec: {} }))
      await env.settle()
      const other = env.fork('other')
      let wasThere = false
      const comeIn = (left: number): void => {
        if (left > 0) return void other.tasks.defer(() => comeIn(left - 1), { kind: 'call', label: 'wait' })
        wasThere = store.get(Namespace, { name: 'a' }) !== undefined
        const late = { metadata: { namespace: 'a', name: 'late' }, spec: { size: 1 } }
        if (wasThere) void store.create(Widget, late)
      }
      void store.delete(Namespace, { name: 'a' })
      comeIn(steps)
      await env.advance(60_000)
      expect(store.get(Namespace, { name: 'a' })).toBeUndefined()
      expect(store.count(Widget)).toBe(0)
    },
  )

  test('a namespace is emptied before it goes, in bounded steps; others are left alone', async () => {
    const { env, store, manager } = open()
    manager.add(
      createNamespaceController({ for: Namespace, kinds: [Widget, Part, Namespace], deletionsMax: 7 }),
    )
    await env.run(() => manager.start())
    for (const name of ['a', 'b'])
      await env.run(() => store.create(Namespace, { metadata: { name }, spec: {} }))
    for (let index = 0; index < 20; index += 1) {
      for (const namespace of ['a', 'b'])
        await store.create(Widget, { metadata: { namespace, name: `w${index}` }, spec: { size: 1 } })
      await store.create(Part, { metadata: { namespace: 'a', name: `p${index}` }, spec: {} })
    }
    await env.run(() => manager.settled())
    const before = store.revision
    await env.run(() => store.delete(Namespace, { name: 'a' }))
    await env.run(() => manager.settled())
    expect(store.list(Namespace).items.map(item => item.metadata.name)).toEqual(['b'])
    expect(store.count(Widget)).toBe(20)
    expect(store.count(Part)).toBe(0)
    // One to mark it, six of at most seven deletions each, one to let it go.
    expect(store.revision - before).toBe(8)
  })

  test('one that is created with the finalizer is emptied although nobody has seen it alive', async () => {
    const { env, store, manager } = open()
    manager.add(createNamespaceController({ for: Namespace, kinds: [Widget] }))
    await store.create(Namespace, { metadata: { name: 'a', finalizers: [NAMESPACE_FINALIZER] }, spec: {} })
    await store.create(Widget, { metadata: { namespace: 'a', name: 'x' }, spec: { size: 1 } })
    await store.delete(Namespace, { name: 'a' })
    await env.run(() => manager.start())
    await env.run(() => manager.settled())
    expect([store.count(Namespace), store.count(Widget)]).toEqual([0, 0])
  })

  test('it waits for what finalizers hold, and goes when that is let go', async () => {
    const { env, store, manager } = open()
    manager.add(createNamespaceController({ for: Namespace, kinds: [Widget] }))
    await env.run(() => manager.start())
    await env.run(() => store.create(Namespace, { metadata: { name: 'a' }, spec: {} }))
    const held = { namespace: 'a', name: 'x' }
    await env.run(() =>
      store.create(Widget, { metadata: { ...held, finalizers: ['example.com/hold'] }, spec: { size: 1 } }),
    )
    await env.run(() => store.delete(Namespace, { name: 'a' }))
    await env.advance(60_000)
    expect(store.get(Namespace, { name: 'a' })).toBeDefined()
    expect(store.get(Widget, held)?.metadata.deletionTimestamp).toBeDefined()
    await env.run(() => store.modify(Widget, held, draft => void (draft.metadata.finalizers = [])))
    await env.run(() => manager.settled())
    expect(store.get(Namespace, { name: 'a' })).toBeUndefined()
  })
})

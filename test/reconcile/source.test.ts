import { describe, expect, test } from 'vitest'
import { createController } from '../../src/reconcile/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

/** A store whose log keeps four revisions, so that five writes in one step break every watch. */
async function startForgetful() {
  const { env, store, start } = createWorld({ logCapacity: 4 })
  const seen: string[] = []
  const manager = await start(
    createController({
      name: 'w',
      for: Widget,
      reconcile: (key, object) => void seen.push(`${key.name} ${object?.spec.size ?? 'gone'}`),
    }),
  )
  return { env, store, manager, seen }
}

describe('a watch that breaks', () => {
  test('lists again, and everything that changed meanwhile is reconciled, deletions too', async () => {
    const { env, store, manager, seen } = await startForgetful()
    for (const name of ['kept', 'changed', 'deleted']) await env.run(() => store.create(Widget, widget(name)))
    await env.settle()
    seen.length = 0
    const writes = [
      store.modify(Widget, ref('changed'), draft => void (draft.spec.size = 2)),
      store.delete(Widget, ref('deleted')),
      ...['n1', 'n2', 'n3', 'n4', 'n5', 'n6'].map(name => store.create(Widget, widget(name))),
    ]
    await Promise.all(writes)
    await env.run(() => manager.settled())
    expect(env.logs.filter(line => line.level === 'warn').length).toBe(1)
    expect([...seen].sort()).toEqual([
      'changed 2',
      'deleted gone',
      'n1 1',
      'n2 1',
      'n3 1',
      'n4 1',
      'n5 1',
      'n6 1',
    ])
  })

  test('a closed store is not watched again', async () => {
    const { env, store } = await startForgetful()
    await env.run(() => store.close())
    await env.advance(600_000)
    expect(env.pending()).toEqual([])
  })
})

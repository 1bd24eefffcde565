import { expect, test } from 'vitest'
import type { ControllerOptions } from '../../src/reconcile/index.js'
import { createController, createManager } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import type { WidgetSpec, WidgetStatus } from './world.js'
import { Part, ref, Secret, Widget, widget } from './world.js'

type Options = Partial<ControllerOptions<WidgetSpec, WidgetStatus>>

/** Widgets that are there before the controller starts; each run takes 100 ms. Then `more` happens. */
async function order(names: readonly string[], options: Options, more: readonly string[]): Promise<string[]> {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget, Part, Secret], env })
  for (const name of names) await env.run(() => store.create(Widget, widget(name)))
  const seen: string[] = []
  const manager = createManager({ client: store })
  manager.add(
    createController({
      name: 'widgets',
      for: Widget,
      reconcile: async (key, _object, ctx) => {
        seen.push(key.name)
        await ctx.env.clock.sleep(100)
      },
      ...options,
    }),
  )
  await env.run(() => manager.start())
  await env.advance(1)
  for (const name of more) await env.run(() => store.create(Widget, widget(name)))
  await env.advance(100_000)
  return seen
}

test.each<[string, Options, string[]]>([
  ['before what the first list brought', {}, ['a', 'new', 'b', 'c']],
  ['after what has waited a hundred times ageMs longer', { ageMs: 0.001 }, ['a', 'b', 'c', 'new']],
])('a change comes %s', async (_, options, expected) => {
  expect(await order(['a', 'b', 'c'], options, ['new'])).toEqual(expected)
})

test('a change of a key of the first list brings it forward', async () => {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget, Part, Secret], env })
  for (const name of ['a', 'b', 'c']) await env.run(() => store.create(Widget, widget(name)))
  const seen: string[] = []
  const manager = createManager({ client: store })
  const reconcile: Options['reconcile'] = async (key, _object, ctx) => {
    seen.push(key.name)
    await ctx.env.clock.sleep(100)
  }
  manager.add(createController({ name: 'widgets', for: Widget, reconcile }))
  await env.run(() => manager.start())
  await env.run(() => store.modify(Widget, ref('c'), draft => void (draft.spec.size = 2)))
  await env.advance(10_000)
  expect(seen).toEqual(['a', 'c', 'b'])
})

test('fairness shares the workers between classes of keys', async () => {
  // The first key that comes is taken when there is no other yet.
  const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']
  const classOf = ({ name }: { readonly name: string }): string => name.slice(0, 1)
  expect(await order(names, { fairness: { classOf } }, [])).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4'])
})

import { expect, test } from 'vitest'
import type { ControllerOptions } from '../../src/reconcile/index.js'
import { createController } from '../../src/reconcile/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

type Options = Partial<ControllerOptions<WidgetSpec, WidgetStatus>>

/** Widgets that are there before the controller starts; each run takes 100 ms. Then `more` happens. */
async function order(names: readonly string[], options: Options, more: readonly string[]): Promise<string[]> {
  const { env, store, start } = createWorld()
  for (const name of names) await env.run(() => store.create(Widget, widget(name)))
  const seen: string[] = []
  await start(
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
  const { env, store, start } = createWorld()
  for (const name of ['a', 'b', 'c']) await env.run(() => store.create(Widget, widget(name)))
  const seen: string[] = []
  const reconcile: Options['reconcile'] = async (key, _object, ctx) => {
    seen.push(key.name)
    await ctx.env.clock.sleep(100)
  }
  await start(createController({ name: 'widgets', for: Widget, reconcile }))
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

import { expect, test } from 'vitest'
import type { Controller, Manager } from '../../src/reconcile/index.js'
import { createController, createGarbageCollector, createManager } from '../../src/reconcile/index.js'
import type { Kind } from '../../src/store/index.js'
import { kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const [Original, Copy, Note] = [kindOf('Original'), kindOf('Copy'), kindOf('Note')]

const copier = (owns: readonly Kind[]): Controller =>
  createController({ name: 'copier', for: Original, owns, reconcile: () => {} })

test.each<readonly [string, readonly Kind[], readonly (readonly Kind[])[], string | undefined]>([
  ['no collector', [Copy, Note], [], 'Original, Copy, Note'],
  ['a collector that knows all', [Copy, Note], [[Original, Copy, Note]], undefined],
  [
    'collectors that know all together',
    [Copy, Note],
    [
      [Original, Copy],
      [Note, Original],
    ],
    undefined,
  ],
  ['a collector that misses one', [Copy, Note], [[Original, Copy]], 'Original, Note'],
  ['a collector that misses the owner', [Copy], [[Copy]], 'Original, Copy'],
  ['nothing owned', [], [], undefined],
])('a manager with %s warns once of what outlives its owner', async (_what, owns, collectors, kinds) => {
  const { env, store } = createWorld({ kinds: [Original, Copy, Note] })
  const manager = createManager({ client: store })
  manager.add(copier(owns))
  for (const [index, known] of collectors.entries())
    manager.add(createGarbageCollector({ name: `collector-${index}`, kinds: known }))
  await env.run(() => manager.start())
  await env.run(() => manager.settled())
  const warnings = env.logs.filter(({ level }) => level === 'warn')
  const hasCollector = collectors.length > 0
  const added = hasCollector ? `kinds: [${kinds}]` : `createGarbageCollector({ kinds: [${kinds}] })`
  expect(warnings.map(({ fields }) => fields['add'])).toEqual(kinds === undefined ? [] : [added])
  const remedy = hasCollector ? 'add them to the kinds of collector-0' : 'add one'
  for (const { message } of warnings) expect(message).toContain(`knows these kinds; ${remedy}, or`)
})

test('a manager whose collector runs elsewhere warns of nothing', async () => {
  const { env, store: client } = createWorld({ kinds: [Original, Copy] })
  const manager: Manager = createManager({ client, garbageCollection: 'elsewhere' })
  manager.add(copier([Copy]))
  await env.run(() => manager.start())
  expect(env.logs.filter(({ level }) => level === 'warn')).toEqual([])
})

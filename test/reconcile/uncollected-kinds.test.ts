import { expect, test } from 'vitest'
import type { Controller, Manager } from '../../src/reconcile/index.js'
import { createController, createGarbageCollector, createManager } from '../../src/reconcile/index.js'
import type { Kind } from '../../src/store/index.js'
import { createStore, defineKind } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

const kind = (name: string): Kind =>
  defineKind({ apiVersion: 'x/v1', kind: name, plural: `${name.toLowerCase()}s`, namespaced: true })
const [Original, Copy, Note] = [kind('Original'), kind('Copy'), kind('Note')]

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
  const env = createVirtualEnv()
  const manager = createManager({ client: createStore({ kinds: [Original, Copy, Note], env }) })
  manager.add(copier(owns))
  for (const [index, known] of collectors.entries())
    manager.add(createGarbageCollector({ name: `collector-${index}`, kinds: known }))
  await env.run(() => manager.start())
  await env.run(() => manager.settled())
  const warnings = env.logs.filter(({ level }) => level === 'warn').map(({ fields }) => fields['add'])
  expect(warnings).toEqual(kinds === undefined ? [] : [`createGarbageCollector({ kinds: [${kinds}] })`])
})

test('a manager whose collector runs elsewhere warns of nothing', async () => {
  const env = createVirtualEnv()
  const client = createStore({ kinds: [Original, Copy], env })
  const manager: Manager = createManager({ client, garbageCollection: 'elsewhere' })
  manager.add(copier([Copy]))
  await env.run(() => manager.start())
  expect(env.logs.filter(({ level }) => level === 'warn')).toEqual([])
})

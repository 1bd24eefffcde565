import { expect, expectTypeOf, test } from 'vitest'
import { Node, Task } from '../../src/api/index.js'
import type { StoredObject } from '../../src/store/index.js'
import { createStore, defineKind, listAndWatch } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

const base = { apiVersion: 'example/v1', namespaced: false }

const Job = defineKind<{ readonly size: number }, unknown, 'Job'>({ ...base, kind: 'Job', plural: 'jobs' })
/** Its name is known as its spec is: from what is written. */
const Pipe = defineKind({
  ...base,
  kind: 'Pipe',
  plural: 'pipes',
  schema: { properties: { spec: { type: 'object', properties: { from: { type: 'string' } } } } },
})
/** Its name is some text, for all that the compiler knows. */
const Other = defineKind<{ readonly other: boolean }>({ ...base, kind: 'Other', plural: 'others' })

test('a watch of several kinds is narrowed by kind', async () => {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Job, Pipe], env })
  const seen: (number | string | undefined)[] = []
  const watch = store.watch([Job, Pipe])
  watch.on(({ events }) => {
    for (const { object, before } of events) {
      if (object.kind === 'Job') {
        expectTypeOf(object.spec).toEqualTypeOf<{ readonly size: number }>()
        seen.push(object.spec.size)
      } else {
        expectTypeOf(object.kind).toEqualTypeOf<'Pipe'>()
        seen.push(object.spec.from)
      }
      if (before?.kind === 'Job') expectTypeOf(before.spec.size).toBeNumber()
    }
  })
  await store.create(Job, { metadata: { name: 'a' }, spec: { size: 5 } })
  await store.create(Pipe, { metadata: { name: 'a' }, spec: { from: 'b' } })
  await env.settle()
  expect(seen).toEqual([5, 'b'])
  watch.close()
})

test('so is a list and watch, and the kinds that ship', () => {
  const store = createStore({ kinds: [Task, Node], env: createVirtualEnv() })
  const watch = listAndWatch(store, [Task, Node])
  watch.on(({ events }) => {
    for (const { object } of events) expectTypeOf(object.kind).toEqualTypeOf<'Task' | 'Node'>()
  })
  watch.close()
  expect([Task.kind, Node.kind]).toEqual(['Task', 'Node'])
})

test('a kind whose name is not known fits as it always did', () => {
  expectTypeOf(Other.kind).toEqualTypeOf<string>()
  const store = createStore({ kinds: [Other, Job] })
  const found = store.get(Other, { name: 'a' })
  expectTypeOf(found).toEqualTypeOf<StoredObject<{ readonly other: boolean }> | undefined>()
  expect(found).toBeUndefined()
})

test('the name that is given is the one that is declared', () => {
  // @ts-expect-error: another name
  const Jab = defineKind<unknown, unknown, 'Job'>({ ...base, kind: 'Jab', plural: 'jabs' })
  expect(Jab.kind).toBe('Jab')
})

import { describe, expect, test } from 'vitest'
import type { TaskScheduler } from '../../src/core/index.js'

import { Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const at = { namespace: 'default', name: 'a' }

describe('a client', () => {
  test('makes each write a step that says what it touches', async () => {
    const { env, store } = createWorld()
    const steps: unknown[] = []
    const tasks: TaskScheduler = {
      defer: (step, about) => {
        steps.push([about.kind, about.label, about.writes])
        return env.tasks.defer(step, about)
      },
    }
    const client = store.client({ ...env, tasks })
    const writes = [
      client.create(Widget, { metadata: at, spec: { size: 1 } }),
      client.modify(Widget, at, draft => void (draft.spec.size = 2)),
      client.modifyStatus(Widget, at, draft => void (draft.status = { ready: 1 })),
      client.create(Gadget, { metadata: { generateName: 'g-' }, spec: {} }),
      client.transact(tx => tx.list(Widget).items.length),
      client.delete(Widget, at),
    ]
    expect(store.revision).toBe(0)
    expect(steps).toEqual([
      ['commit', 'create Widget default/a', ['Widget/default/a']],
      ['commit', 'modify Widget default/a', ['Widget/default/a']],
      ['commit', 'modifyStatus Widget default/a', ['Widget/default/a']],
      ['commit', 'create Gadget g-…', undefined],
      ['commit', 'transact', undefined],
      ['commit', 'delete Widget default/a', ['Widget/default/a']],
    ])
    await env.settle()
    const [, modified, , , count] = await Promise.all(writes)
    expect(modified).toMatchObject({ spec: { size: 2 } })
    expect(count).toBe(1)
    expect(store.revision).toBe(5)
  })

  test('writes what was given at the call, whatever becomes of it until the commit', async () => {
    const { env, store } = createWorld()
    const spec = { size: 1, list: [1] }
    const write = store.client(env).create(Widget, { metadata: at, spec })
    spec.size = 99
    spec.list.push(2)
    await env.settle()
    expect((await write).spec).toEqual({ size: 1, list: [1] })
  })

  test('loses a race by Conflict, and modify does not lose it', async () => {
    const { env, store } = createWorld()
    const client = store.client(env)
    const made = await store.create(Widget, { metadata: at, spec: { size: 1 } })
    const stale = client.update(Widget, { ...made, spec: { size: 5 } })
    const refused = expect(stale).rejects.toMatchObject({ code: 'Conflict' })
    await store.modify(Widget, at, draft => void (draft.spec.size = 10))
    const adds = Promise.all(
      Array.from({ length: 20 }, () =>
        client.modify(Widget, at, draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1)),
      ),
    )
    await env.settle()
    await Promise.all([refused, adds])
    expect(store.get(Widget, at)?.spec.size).toBe(30)
  })

  test('refuses bad input by its promise, at once', async () => {
    const { store, env } = createWorld()
    const client = store.client(env)
    await expect(client.create(Widget, { metadata: at, spec: { size: Number.NaN } })).rejects.toMatchObject({
      code: 'Invalid',
    })
    await expect(client.delete(Widget, { name: 'a' })).rejects.toMatchObject({ code: 'Invalid' })
  })

  test('does nothing any more once its env is closed', async () => {
    const { env, store } = createWorld()
    const process = env.fork('controller')
    const client = store.client(process)
    let settled = false
    const note = (): void => {
      settled = true
    }
    client.create(Widget, { metadata: at, spec: {} }).then(note, note)
    process.close()
    client.create(Widget, { metadata: { ...at, name: 'b' }, spec: {} }).then(note, note)
    await env.settle()
    expect(store.revision).toBe(0)
    expect(settled).toBe(false)
  })
})

describe('a fence', () => {
  test('stops every write once its object has changed, and those of clients made from it', async () => {
    const { env, store } = createWorld()
    const lease = await store.create(Gadget, { metadata: { name: 'lease' }, spec: { size: 1 } })
    const { resourceVersion } = lease.metadata
    const fenced = store.client(env, { fence: { kind: Gadget, ref: { name: 'lease' }, resourceVersion } })
    const child = fenced.client(env.fork('attempt'))
    const first = fenced.create(Widget, { metadata: at, spec: { size: 1 } })
    await env.settle()
    await first
    const late = fenced.modify(Widget, at, draft => void (draft.spec.size = 2))
    const refused = expect(late).rejects.toMatchObject({
      code: 'Fenced',
      details: { kind: 'Gadget', name: 'lease', expected: '1', actual: '3' },
    })
    await store.modify(Gadget, { name: 'lease' }, draft => void (draft.spec.size = 2))
    const { revision } = store
    const others = [
      child.delete(Widget, at),
      child.transact(tx => tx.delete(Widget, at)),
      fenced.updateStatus(Widget, { ...(await first), status: { ready: 1 } }),
    ].map(write => expect(write).rejects.toMatchObject({ code: 'Fenced' }))
    await env.settle()
    await Promise.all([refused, ...others])
    expect(store.revision).toBe(revision)
    expect(fenced.get(Widget, at)?.spec.size).toBe(1)
  })

  test('an object that is gone stops them too', async () => {
    const { env, store } = createWorld()
    const fenced = store.client(env, {
      fence: { kind: Gadget, ref: { name: 'never' }, resourceVersion: '1' },
    })
    const refused = expect(fenced.create(Widget, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Fenced',
    })
    await env.settle()
    await refused
  })
})
